// Text, clock, randomness and timers for the realm: plain functions over numbers, strings and
// (buffer, offset, length) triples. Node-specific. The host makes its own view of every buffer and
// never calls a method of an object of the realm.

export interface TextHost {
  decode(kind: number, flags: number, buffer: ArrayBuffer, offset: number, length: number): unknown
  encodedLength(text: string): number
  encode(text: string, buffer: ArrayBuffer, offset: number, length: number): void
  now(): number
  random(buffer: ArrayBuffer, offset: number, length: number): void
}

const LABELS = ['utf-8', 'utf-16le', 'latin1'] as const
const RANDOM_LIMIT = 65_536
const MAX_TIMER_MS = 2_147_483_647

/**
 * Makes the functions `face.js` takes. `decode` gives undefined for text that is not valid. `now` is
 * Python's monotonic clock: an interpreter that was captured at `notBefore`, in milliseconds of the
 * epoch, and restored on a machine whose clock is behind, must not see it run backwards.
 */
export function textHost(notBefore = 0): TextHost {
  const ahead = Math.max(0, notBefore - (performance.timeOrigin + performance.now()))
  const decoders = new Map<number, TextDecoder>()
  const encoder = new TextEncoder()
  const decoderOf = (kind: number, flags: number): TextDecoder => {
    const key = kind * 4 + (flags & 3)
    let decoder = decoders.get(key)
    if (decoder === undefined) {
      const options = { fatal: (flags & 1) !== 0, ignoreBOM: (flags & 2) !== 0 }
      decoder = new TextDecoder(LABELS[kind] ?? 'utf-8', options)
      decoders.set(key, decoder)
    }
    return decoder
  }
  return {
    decode: (kind, flags, buffer, offset, length) => {
      try {
        return decoderOf(kind, flags).decode(new Uint8Array(buffer, offset, length))
      } catch {
        return undefined
      }
    },
    encodedLength: (text) => Buffer.byteLength(text, 'utf8'),
    encode: (text, buffer, offset, length) => {
      encoder.encodeInto(text, new Uint8Array(buffer, offset, length))
    },
    now: () => performance.timeOrigin + performance.now() + ahead,
    random: (buffer, offset, length) => {
      for (let done = 0; done < length; done += RANDOM_LIMIT) {
        const part = Math.min(RANDOM_LIMIT, length - done)
        crypto.getRandomValues(new Uint8Array(buffer, offset + done, part))
      }
    }
  }
}

export interface TimerHost {
  /** `ms` below 0 means: as soon as the event loop turns. */
  timer(id: number, ms: number): void
  clearTimer(id: number): void
  /** Lets none of them fire. */
  dropTimers(): void
}

/** Timers by number; `fire` is the realm's function, known only after the realm is set up. */
export function timerHost(fire: (id: number) => void): TimerHost {
  const timers = new Map<number, NodeJS.Timeout>()
  return {
    timer: (id, ms) => {
      if (ms < 0) {
        setImmediate(fire, id)
        return
      }
      const due = (): void => {
        timers.delete(id)
        fire(id)
      }
      // Beyond this Node prints a warning for each timer and fires it at once.
      timers.set(id, setTimeout(due, Math.min(ms, MAX_TIMER_MS)))
    },
    clearTimer: (id) => {
      clearTimeout(timers.get(id))
      timers.delete(id)
    },
    dropTimers: () => {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
    }
  }
}
