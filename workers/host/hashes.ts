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

/** The digests there are, with the bytes each gives: one round of PBKDF2 makes as many. */
const DIGEST_BYTES: Readonly<Record<string, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  'sha512-224': 28,
  'sha512-256': 32,
  blake2b512: 64,
  blake2s256: 32,
  'sha3-224': 28,
  'sha3-256': 32,
  'sha3-384': 48,
  'sha3-512': 64
}

// A thread inside of OpenSSL cannot be terminated, so request_timeout does not reach it. The bounds
// are some ten times what frameworks use, and keep one call under ten seconds or so.
const MAX_PBKDF2_ROUNDS = 10_000_000
const MAX_SCRYPT_WORK = 2 ** 22
const MAX_SCRYPT_BYTES = 268_435_456
const MAX_KEY_BYTES = 1_048_576
/** Python's default of 0 means OpenSSL's own default. */
const DEFAULT_SCRYPT_BYTES = 33_554_432

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
      if (!Object.hasOwn(DIGEST_BYTES, name)) return -1
      const blocks = Math.ceil(length / (DIGEST_BYTES[name] ?? 1))
      // Each block also reads the salt, 64 bytes or more to a round.
      const rounds = blocks * (iterations + salt.length / 64)
      if (!(length <= MAX_KEY_BYTES && rounds <= MAX_PBKDF2_ROUNDS)) return -2
      try {
        new Uint8Array(result).set(pbkdf2Sync(password, salt, iterations, length, name))
        return 0
      } catch {
        return -2
      }
    },
    scrypt: (n, r, p, maxmem, length, result) => {
      const [password, salt] = take()
      const work = r * p * (n + salt.length / 16)
      if (!(length <= MAX_KEY_BYTES && work <= MAX_SCRYPT_WORK)) return -2
      const allowed = Math.min(maxmem === 0 ? DEFAULT_SCRYPT_BYTES : maxmem, MAX_SCRYPT_BYTES)
      const options = { N: n, r, p, maxmem: allowed }
      try {
        new Uint8Array(result).set(scryptSync(password, salt, length, options))
        return 0
      } catch {
        return -2
      }
    }
  }
}
