// Key derivation for Python's hashlib, which lacks both functions in this build (it has no OpenSSL).
// Node-specific. Password and salt are lent under two slots before the call and forgotten after it.
import { pbkdf2Sync, scryptSync } from 'node:crypto'

export interface HashHost {
  /** Copies bytes of the realm into slot 0 (password) or 1 (salt). */
  lend(slot: number, buffer: ArrayBuffer, offset: number, length: number): number
  /** 0, or -1 for an unknown digest, -2 for arguments out of range. Fills `result`. */
  pbkdf2(digest: string, iterations: number, length: number, result: ArrayBuffer): number
  scrypt(
    n: number,
    r: number,
    p: number,
    maxmem: number,
    length: number,
    result: ArrayBuffer
  ): number
}

const DIGESTS = new Set([
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'sha512-224',
  'sha512-256',
  'blake2b512',
  'blake2s256',
  'sha3-224',
  'sha3-256',
  'sha3-384',
  'sha3-512'
])

export function hashHost(): HashHost {
  const lent: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  const take = (): readonly [Buffer, Buffer] => {
    const [password, salt] = lent
    lent[0] = lent[1] = Buffer.alloc(0)
    return [password, salt]
  }
  return {
    lend: (slot, buffer, offset, length) => {
      lent[slot === 0 ? 0 : 1] = Buffer.from(new Uint8Array(buffer, offset, length))
      return 0
    },
    pbkdf2: (digest, iterations, length, result) => {
      const [password, salt] = take()
      const name = digest.replace('_', '-')
      if (!DIGESTS.has(name)) return -1
      try {
        new Uint8Array(result).set(pbkdf2Sync(password, salt, iterations, length, name))
        return 0
      } catch {
        return -2
      }
    },
    scrypt: (n, r, p, maxmem, length, result) => {
      const [password, salt] = take()
      // Python's default of 0 means OpenSSL's own default, 32 MiB.
      const options = { N: n, r, p, maxmem: maxmem === 0 ? 33_554_432 : maxmem }
      try {
        new Uint8Array(result).set(scryptSync(password, salt, length, options))
        return 0
      } catch {
        return -2
      }
    }
  }
}
