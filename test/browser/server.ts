/** A server for pages of the tests. */

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.safetensors': 'application/octet-stream',
};

export interface Site {
  /** Folders by the path that they are served under, which ends with a slash. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Texts, or answers of their own, by path. */
  readonly files?: Readonly<Record<string, string | RequestListener>>;
  /** Headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves a site on this machine, which browsers take for a secure context. */
export async function serve({ folders = {}, files = {}, headers = {} }: Site) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const own = files[pathname];
    if (typeof own === 'function') return own(request, response);
    response.setHeader('content-type', TYPES[extname(pathname)] ?? TYPES['.html']!);
    if (own !== undefined) return response.end(own);
    const base = Object.keys(folders).find((path) => pathname.startsWith(path));
    const file = base && join(folders[base]!, pathname.slice(base.length));
    if (file && existsSync(file) && statSync(file).isFile()) {
      response.setHeader('content-length', statSync(file).size);
      return createReadStream(file).pipe(response);
    }
    response.statusCode = 404;
    return response.end('There is nothing here.');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
