// Everything the glue gives, throws and promises, called as it is meant to be and then with nothing,
// for the walk.
;(function returns(walker, glue) {
  const { apply } = Reflect
  const given = []
  const keep = (name, value) => {
    given[given.length] = { name, value }
  }
  const attempt = (name, call, args) => {
    try {
      keep(name, apply(call, undefined, args))
    } catch (error) {
      keep(`${name} threw`, error)
    }
  }
  for (const { name, call, args } of glue(walker)) {
    attempt(name, call, args)
    attempt(name, call, [])
  }
  const { FS } = walker.kept('pyodide')
  for (const name of ['getMounts', 'analyzePath', 'readdir', 'stat', 'lookupPath', 'getPath']) {
    for (const path of ['/', '/app', '/data', '/tmp', '/dev', '/missing']) {
      attempt(`FS.${name}(${path})`, FS[name], [path])
    }
  }
  attempt('FS.getMounts', FS.getMounts, [FS.root.mount])
  keep('streams', FS.streams)
  keep('devices', FS.devices)
  keep('nodes', FS.nameTable)
  return given
})
