/**
 * Environment in which drivers do not reuse what an earlier process compiled: shader caches on disk
 * would make the second run compile in no time.
 */
export const COLD = { MESA_SHADER_CACHE_DISABLE: 'true', __GL_SHADER_DISK_CACHE: '0' } as const;
