// Calls every function of the glue from all depths near the end of the stack, where any call of the
// host may fail, at any point, with a RangeError of the host's realm.
;(function attackStack(walker, glue, depths, only) {
  const { apply } = Reflect
  const results = []
  let left = 0

  const attempt = ({ name, call, args }) => {
    left--
    try {
      results[results.length] = { name, value: apply(call, undefined, args) }
    } catch (error) {
      results[results.length] = { name: `${name} threw`, value: error }
    }
  }

  /** Goes down until nothing goes any more, and calls on the way up. Frames of some 600 bytes. */
  const dive = (item, a, b, c, d, e, f, g, h) => {
    const one = [a, b, c, d]
    const two = { e, f, g, h }
    try {
      dive(item, b, c, d, e, f, g, h, one)
    } catch (error) {
      if (left === depths) results[results.length] = { name: 'the dive', value: error }
    }
    if (left > 0) attempt(item)
    return two
  }
  /** The same with small frames, for the depths between. */
  const plunge = (item) => {
    try {
      plunge(item)
    } catch {
      // As deep as it goes.
    }
    if (left > 0) attempt(item)
  }

  for (const item of glue(walker)) {
    if (only === '' ? item.name === 'pyodide.runPython' : item.name !== only) continue
    for (const fall of [dive, plunge]) {
      left = depths
      try {
        fall(item)
      } catch {
        // The last frame had no room for its own catch.
      }
    }
  }
  // Only now: looking needs room on the stack, too.
  const findings = []
  for (let i = 0; i < results.length; i++) {
    const { name, value } = results[i]
    const why = walker.foreign(value)
    if (why !== '' && findings.length < 50) findings[findings.length] = `${name}: ${why}`
  }
  return { calls: results.length, report: () => findings.join('\n') }
})
