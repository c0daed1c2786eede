// The vendored wheels are what their checksums say, and carry their licences.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('vendored wheels')

const WHEELS = new URL('../../workers/python/wasgi_install/wheels/', import.meta.url)

test('each vendored wheel has the checksum that is recorded for it, and none is unrecorded', () => {
  const recorded = JSON.parse(readFileSync(new URL('checksums.json', WHEELS), 'utf8'))
  const wheels = readdirSync(WHEELS).filter((name) => name.endsWith('.whl'))

  const found = Object.fromEntries(
    wheels.map((name) => {
      const bytes = readFileSync(new URL(name, WHEELS))
      return [name, createHash('sha256').update(bytes).digest('hex')]
    })
  )

  assert.equal(found, recorded)
  assert.is(wheels.length, 3)
})

test('each vendored wheel carries its licence', () => {
  for (const name of readdirSync(WHEELS).filter((file) => file.endsWith('.whl'))) {
    const bytes = readFileSync(new URL(name, WHEELS)).toString('latin1')

    assert.match(bytes, /\.dist-info\/licenses\/LICENSE/, name)
  }
})

test.run()
