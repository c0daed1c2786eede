// Which of a server's interpreters a dispatch script may choose for a request.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Verdict } from '../../src/server/hooks/questions.ts'
import { readRoute } from '../../src/server/hooks/routes.ts'
import { place, routes } from './hook-places.ts'

const test = suite('routes of a dispatch script')

const OWN = place('web', 'shop')
const UPLOADS = place('uploads', 'shop')
const FIRST = place('uploads')
const EMBEDDED = place('inside', 'shop', '')
const SERVER = place('web', 'example.org')
const RESOURCE = place('web', 'example.org|/py/shop')
const ROUTES = routes(OWN, [UPLOADS, FIRST, EMBEDDED, SERVER, RESOURCE])

const CHOICES: ReadonlyArray<readonly [choice: Record<string, string>, found: unknown]> = [
  [{}, OWN],
  [{ process_group: 'web' }, OWN],
  [{ application_group: 'shop' }, OWN],
  [{ process_group: 'uploads' }, UPLOADS],
  [{ process_group: 'uploads', application_group: '%{GLOBAL}' }, FIRST],
  [{ process_group: 'uploads', application_group: '' }, FIRST],
  [{ process_group: '%{GLOBAL}' }, EMBEDDED],
  [{ process_group: '' }, EMBEDDED],
  [{ process_group: 'inside' }, EMBEDDED],
  [{ application_group: '%{SERVER}' }, SERVER],
  [{ application_group: '%{RESOURCE}' }, RESOURCE]
]
for (const [choice, found] of CHOICES) {
  test(`${JSON.stringify(choice)} is a place that has the application`, () => {
    const verdict = new Verdict(JSON.stringify({ outcome: 'routed', ...choice }))

    assert.is(readRoute(verdict, ROUTES).destination, found)
  })
}

const NOWHERE: ReadonlyArray<readonly [choice: Record<string, string>, advice: RegExp]> = [
  [{ process_group: 'other' }, /have "other" in dispatch_groups of its mount/],
  [{ application_group: 'tills' }, /have "web\|tills" in dispatch_groups of its mount/],
  [{ application_group: '%{GLOBAL}' }, /have "web\|%\{GLOBAL\}" in dispatch_groups/],
  [{ application_group: '%{ENV:GROUP}' }, /application group "%\{ENV:GROUP\}", where this/],
  [
    { process_group: 'other', application_group: 'tills' },
    /have "other\|tills" in dispatch_groups/
  ],
  [
    { process_group: '%{GLOBAL}', application_group: 'tills' },
    /have a group with mode = "embedded" in dispatch_groups/
  ]
]
for (const [choice, advice] of NOWHERE) {
  test(`${JSON.stringify(choice)} is refused, with what to configure`, () => {
    const verdict = new Verdict(JSON.stringify({ outcome: 'routed', ...choice }))

    assert.throws(() => readRoute(verdict, ROUTES), advice)
  })
}

test.run()
