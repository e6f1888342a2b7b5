/** Files of a page in its IndexedDB: one store, from the path to the bytes. */

import type { PageStorage } from './storage.ts';

const NAME = 'kinegrad';
const STORE = 'files';

export const database: PageStorage = {
  read: (path) => ask('readonly', (store) => store.get(path)),
  // A transaction happens as a whole or not at all.
  write: async (path, data) => void (await ask('readwrite', (store) => store.put(data, path))),
  remove: (path) => ask('readwrite', (store) => store.delete(path)),
  async list(folder) {
    const start = `${folder}/`;
    const keys = await ask('readonly', (store) =>
      store.getAllKeys(IDBKeyRange.bound(start, `${start}\uffff`)),
    );
    const names = (keys as string[]).map((key) => key.slice(start.length));
    return names.filter((name) => !name.includes('/'));
  },
};

async function ask<T>(
  mode: IDBTransactionMode,
  request: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const open = await opened();
  try {
    // Strict: it has happened when the bytes are on the disk, not when they are on their way.
    const transaction = open.transaction(STORE, mode, { durability: 'strict' });
    const asked = request(transaction.objectStore(STORE));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('it was broken off'));
    });
    return asked.result;
  } finally {
    open.close();
  }
}

const opened = () =>
  new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
