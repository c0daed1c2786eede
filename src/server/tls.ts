// Certificate and key as the settings name them, read and tried before anything is started.
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { ResolvedSettings } from '../config/settings.ts'
import { WasgiError } from '../errors.ts'

export interface TlsFiles {
  readonly cert: Buffer
  readonly key: Buffer
}

/**
 * What the server speaks TLS with; undefined if it is not to. Throws WASGI_ERR_TLS when the files
 * cannot be used and WASGI_ERR_CONFIG_INVALID when one option lacks another.
 */
export function tlsFiles({ settings, origins }: ResolvedSettings): TlsFiles | undefined {
  const { certificate, key, http2 } = settings
  if (certificate !== undefined && key !== undefined) return readFiles(certificate, key)
  if (certificate !== undefined) throw lacking('certificate', 'key', certificate, origins)
  if (key !== undefined) throw lacking('key', 'certificate', key, origins)
  if (http2) {
    const expected = 'left out or given with certificate and key, since HTTP/2 is agreed on by TLS'
    throw new WasgiError('WASGI_ERR_CONFIG_INVALID', ['http2', expected, 'true', origins.http2])
  }
  return undefined
}

function readFiles(certificate: string, key: string): TlsFiles {
  try {
    const files = { cert: readFileSync(certificate), key: readFileSync(key) }
    createSecureContext(files)
    return files
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new WasgiError('WASGI_ERR_TLS', [certificate, key, reason], { cause })
  }
}

function lacking(
  given: 'certificate' | 'key',
  missing: string,
  value: string,
  origins: ResolvedSettings['origins']
): WasgiError {
  const args = [given, `given together with ${missing}`, `"${value}" alone`, origins[given]]
  return new WasgiError('WASGI_ERR_CONFIG_INVALID', args)
}
