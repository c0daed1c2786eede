// Puts the onlookers of spy.js in place of every intrinsic, then uses everything: first each function
// of the glue, then (by the caller) Python and the gateway. At last a net is spread below each
// prototype, and accessors are laid on Object.prototype for the names that code likes to look up.
;(function attackIntrinsics(walker, glue, spy) {
  const { apply } = Reflect
  const onlooker = spy(walker)
  const calls = glue(walker)

  const useAll = () => {
    for (let i = 0; i < calls.length; i++) {
      const { name, call, args } = calls[i]
      try {
        onlooker.look(apply(call, undefined, args), name)
      } catch (error) {
        onlooker.look(error, `${name} threw`)
      }
    }
  }

  /** Of property descriptors, iteration, promises, errors, views, options and lists. */
  const NAMES =
    'then constructor length get set value writable enumerable configurable 0 1 2 3 4 5 6 7 -1 NaN ' +
    'done next return throw message name stack cause code errno buffer byteLength byteOffset ' +
    'transfer signal fatal ignoreBOM type kind toString valueOf toJSON __proto__ prototype ' +
    'stackTraceLimit prepareStackTrace domain captureStackTrace parent hostFile shared grant path ' +
    'ms id raw index input groups lastIndex flags species env debug showProxy depth stylize'
  const symbols = ['iterator', 'asyncIterator', 'species', 'toPrimitive', 'hasInstance']
  const names = [...NAMES.split(' '), ...symbols.map((name) => Symbol[name])]
  for (const name of names) {
    const remove = onlooker.lay(name)
    useAll()
    remove()
  }

  const objects = onlooker.watchAll()
  useAll()
  return {
    calls: calls.length,
    objects,
    spreadNets: () => {
      onlooker.spreadNets()
      useAll()
    },
    report: onlooker.report
  }
})
