// What Python's gateway may ask of the host: the functions of the module `_wasgi_host`. Each takes
// and gives numbers, strings and byte arrays of the realm; waiting is a promise made in here, known
// to the host by a number. The wall's rules are in docs/design/realm.md.
;(function channel(primordials, host, flock) {
  const { guard, guardStateless, number, string, objectCreate, freeze, Promise, Uint8Array } =
    primordials
  const { typedArrayBuffer, typedArrayOffset, typedArrayLength } = primordials
  // Called for each piece of a body. One that fails half-way spoils the guest's own request at most.
  const hostSend = guardStateless(host.send)
  const hostCredit = guardStateless(host.credit)
  const hostDrain = guardStateless(host.drain)
  const hostTake = guardStateless(host.take)
  const hostPull = guardStateless(host.pull)
  const hostLog = guard(host.log)
  const hostSuspend = guard(host.suspend)
  const hostWake = guard(host.wake)
  const hostTimedOut = guardStateless(host.timedOut)
  const hostPbkdf2 = guard(host.pbkdf2)
  const hostScrypt = guard(host.scrypt)
  const hostMemoryBytes = guardStateless(host.memoryBytes)
  const hostProcessorTime = guardStateless(host.processorTime)
  const hostVariable = guardStateless(host.variable)

  /** As in workers/exchange.ts. */
  const NOTHING_YET = -3

  const waiting = objectCreate(null)
  let lastTicket = 0

  /** Makes a promise, tells the host its number through `ask`, and lets `settle` end it. */
  const ticket = (ask) =>
    new Promise((resolve) => {
      const id = ++lastTicket
      waiting[id] = resolve
      ask(id)
    })

  /** Called by the host: ends the wait `id` with a number. */
  const settle = (id, value) => {
    const resolve = waiting[id]
    delete waiting[id]
    try {
      if (resolve !== undefined) resolve(value)
    } catch {
      // Only a guest that replaced promises gets here; its request then ends by its timeout.
    }
  }

  // Two byte arrays at most: a host function takes six arguments through the guard.
  const derive = (ask, length) => {
    const result = new Uint8Array(length)
    const outcome = ask(typedArrayBuffer(result))
    return outcome === 0 ? result : outcome
  }

  /** Copies realm bytes to where the host can read them under a slot number (0 or 1). */
  const hostLend = guard(host.lend)
  const lend = (slot, bytes) =>
    hostLend(slot, typedArrayBuffer(bytes), typedArrayOffset(bytes), typedArrayLength(bytes))

  const module = {
    __proto__: null,
    send: (kind, length) => hostSend(number(kind), number(length)),
    // Both answer at once when they can: a suspension costs ten times as much.
    drain: () => hostCredit() || ticket((id) => hostDrain(id)),
    pull: () => {
      const taken = hostTake()
      return taken === NOTHING_YET ? ticket((id) => hostPull(id)) : taken
    },
    log: (level, stream, text) => hostLog(number(level), string(stream), string(text)),
    suspend: (ms) => {
      number(ms)
      return ticket((id) => hostSuspend(id, ms))
    },
    wake: () => hostWake(),
    timed_out: () => hostTimedOut(),
    pbkdf2: (digest, password, salt, iterations, length) => {
      string(digest)
      number(iterations)
      number(length)
      lend(0, password)
      lend(1, salt)
      return derive((buffer) => hostPbkdf2(digest, iterations, length, buffer), length)
    },
    scrypt: (password, salt, n, r, p, maxmem, length) => {
      number(n)
      number(r)
      number(p)
      number(maxmem)
      number(length)
      lend(0, password)
      lend(1, salt)
      return derive((buffer) => hostScrypt(n, r, p, maxmem, length, buffer), length)
    },
    memory_bytes: () => hostMemoryBytes(),
    processor_time: (kind) => hostProcessorTime(number(kind)),
    variable: (name) => hostVariable(string(name)),
    flock: (fd, operation) => flock(number(fd), number(operation))
  }
  /** Whether some call of Python's still waits for the host. */
  const isWaiting = () => {
    for (const _id in waiting) return true
    return false
  }

  return { module: freeze(module), settle, isWaiting }
})
