// Calls every function of the glue with everything odd, in every place, and on odd receivers. Gives
// what of another realm came to light, one finding to a line.
;(function attackArguments(walker, glue, odd) {
  const { apply } = Reflect
  const TruePromise = Promise
  const then = Function.prototype.call.bind(Promise.prototype.then)
  const findings = []
  const given = []
  let calls = 0

  const look = (value, where) => {
    const why = walker.foreign(value)
    if (why !== '' && findings.length < 50) findings[findings.length] = `${where}: ${why}`
  }
  const keep = (value, where) => {
    look(value, where)
    given[given.length] = value
    if (value instanceof TruePromise) {
      then(
        value,
        (result) => look(result, `${where} resolved`),
        (error) => look(error, `${where} rejected`)
      )
    }
  }
  const attempt = (name, call, receiver, args) => {
    calls++
    try {
      keep(apply(call, receiver, args), name)
    } catch (error) {
      keep(error, `${name} threw`)
    }
  }

  const values = odd(look)
  for (const { name, call, args } of glue(walker)) {
    attempt(name, call, undefined, [])
    attempt(name, call, undefined, [...args, ...args, ...args])
    for (const make of values) {
      attempt(name, call, make(), args)
      for (let at = 0; at <= args.length; at++) {
        const changed = [...args]
        changed[at] = make()
        attempt(name, call, undefined, changed)
      }
      attempt(name, call, undefined, [make(), make(), make(), make(), make(), make(), make()])
    }
  }
  // Some were set for the end of time, and would keep the test's process until then.
  const { clearTimeout } = walker.kept('face')
  for (let id = 0; id < calls; id++) clearTimeout(id)
  walker.kept('channel').wake()
  walker.keep('given', given)
  return { calls, report: () => findings.join('\n') }
})
