// A wipe puts an interpreter back to its snapshot: nothing of one request is seen by the next. What
// cannot be put back is replaced, and no request pays for it.
import { hash } from 'node:crypto'
import http from 'node:http'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'
import { temporaryFolder, testApp } from './places.ts'
import { boots, getJson, serveFrom, serving } from './snapshots.ts'

const LIMIT_MS = 180_000
const ENV = ['--env', 'PLAIN=plain', '--env', 'OTHER=other', '--snapshot-env', 'PLAIN']
const APP = [testApp('stained.py'), ...ENV]
const MEBIBYTE = 2 ** 20

interface Context {
  readonly store: string
  readonly server: TestServer
  /** What the very first request saw. */
  readonly first: Look
  /** What the first request saw after a wipe. */
  readonly clean: Look
}

type Look = Readonly<Record<string, unknown>>

const look = (server: TestServer, path = '/look'): Promise<Look> => getJson<Look>(server, path)

/** What two requests see differently, as in `folder: "/tmp", not "/app"`. */
function differences(seen: Look, expected: Look): string[] {
  const all = new Set([...Object.keys(seen), ...Object.keys(expected)])
  return [...all]
    .map((key) => [key, JSON.stringify(seen[key]), JSON.stringify(expected[key])] as const)
    .filter(([, now, then]) => now !== then)
    .map(([key, now, then]) => `${key}: ${now}, not ${then}`)
}

const test = suite<Context>('a wiped interpreter')

test.before(async (context) => {
  const store = temporaryFolder()
  const args = [...APP, '--isolation', 'request', '--data-dir', temporaryFolder()]
  const server = await serveFrom(store, args)
  const first = await look(server)
  Object.assign(context, { store, server, first, clean: await look(server) })
})
test.after(({ server }) => server.close())

test('a wiped interpreter is as one that was restored', ({ first, clean }) => {
  assert.equal(differences(clean, first), [])
  assert.is(clean.counter, 1)
})

const WIPED = [
  'globals',
  'environ',
  'modules',
  'created',
  'changed',
  'deleted',
  'chmod',
  'renamed',
  'folder',
  'descriptors',
  'builtins',
  'signals',
  'timers',
  'objects',
  'memory'
]

for (const stain of WIPED) {
  test(
    `the next request sees nothing of it: ${stain}`,
    within(LIMIT_MS, async ({ server, clean }) => {
      const stained = await server.request(`/stain/${stain}`)
      // Longer than any timer of the stain takes.
      const seen = await look(server, stain === 'timers' ? '/look/0.2' : '/look')
      const again = await look(server)

      assert.equal([stained.status, stained.text], [200, 'stained\n'])
      assert.equal(differences(seen, clean), [])
      assert.equal(differences(again, clean), [])
      assert.not.match(await server.caughtUp(), /a timer of another request has fired/)
      assert.equal(await boots(server), ['default/1 restored'], 'the worker was replaced')
    })
  )
}

test(
  'streamed responses come whole, and what they leave is gone',
  within(LIMIT_MS, async ({ server, clean }) => {
    for (let round = 0; round < 3; round++) {
      const reply = await server.request('/streamed')

      assert.is(reply.headers['x-counter'], '1')
      assert.is(reply.body.length, 40 * 65_536)
      assert.equal(differences(await look(server), clean), [])
    }
  })
)

test(
  'uploads come whole, read or not, and what they leave is gone',
  within(LIMIT_MS, async ({ server, clean }) => {
    const body = Buffer.alloc(3 * MEBIBYTE, 'some bytes, and more of them; ')
    for (let round = 0; round < 3; round++) {
      const uploaded = await server.request('/uploaded', { method: 'POST', body })
      const ignored = await server.request('/ignored', { method: 'POST', body })

      assert.equal(JSON.parse(uploaded.text), [hash('sha256', body), 1])
      assert.equal([ignored.status, ignored.text], [200, '1'])
      assert.equal(differences(await look(server), clean), [])
    }
  })
)

test(
  'a request that fails is a 500, and leaves nothing',
  within(LIMIT_MS, async ({ server, clean }) => {
    const reply = await server.request('/failing')

    assert.is(reply.status, 500)
    assert.equal(differences(await look(server), clean), [])
    await server.logged(/RuntimeError: as asked/)
  })
)

test(
  'a client that goes away in the middle of a response leaves nothing',
  within(LIMIT_MS, async ({ server, clean }) => {
    await new Promise<void>((resolve, reject) => {
      const request = http.get(`${server.url}/streamed`, { agent: false }, (response) => {
        response.once('data', () => {
          request.destroy()
          resolve()
        })
      })
      request.once('error', reject)
    })

    assert.equal(differences(await look(server), clean), [])
    assert.equal(await boots(server), ['default/1 restored'], 'the worker was replaced')
  })
)

for (const [stain, reason] of [
  ['suspended', 'a call of the application is still suspended'],
  ['output', 'descriptor 1 was replaced']
] as const) {
  test(
    `what cannot be wiped is replaced: ${reason}`,
    within(LIMIT_MS, async ({ store }) => {
      const args = [...APP, '--isolation', 'request', '--data-dir', temporaryFolder()]
      await serving(serveFrom(store, args), async (server) => {
        for (let round = 0; round < 2; round++) {
          const stained = await server.request(`/stain/${stain}`)
          const replies = await Promise.all([look(server), look(server), look(server)])

          assert.equal([stained.status, stained.text], [200, 'stained\n'])
          for (const { counter } of replies) assert.is(counter, 1)
        }

        const ends = new RegExp(`worker ended: .*was recycled \\(${reason}\\)`, 'g')
        await server.logged(/(boot=restored[\s\S]*){3}/)
        assert.is(server.log().match(ends)?.length, 2, server.log())
        assert.equal(await boots(server), Array(3).fill('default/1 restored'))
      })
    })
  )
}

test(
  '--maximum-requests 3 wipes after each third request',
  within(LIMIT_MS, async ({ store }) => {
    const args = [...APP, '--maximum-requests', '3', '--data-dir', temporaryFolder()]
    await serving(serveFrom(store, args), async (server) => {
      const counted: number[] = []
      for (let round = 0; round < 8; round++) {
        counted.push((await getJson<[string, number]>(server, '/counting'))[1])
      }

      assert.equal(counted, [1, 2, 3, 1, 2, 3, 1, 2])
      assert.equal(await boots(server), ['default/1 restored'])
    })
  })
)

test(
  '--maximum-requests-jitter is drawn anew with each wipe',
  within(LIMIT_MS, async ({ store }) => {
    const limits = ['--maximum-requests', '1', '--maximum-requests-jitter', '1']
    const args = [...APP, ...limits, '--data-dir', temporaryFolder()]
    await serving(serveFrom(store, args), async (server) => {
      const counted: number[] = []
      // One draw for all of them is as likely to pass for many as 50 coins are to fall alike.
      for (let round = 0; round < 100; round++) {
        counted.push((await getJson<[string, number]>(server, '/counting'))[1])
      }

      const lives = counted.filter((_count, index) => (counted[index + 1] ?? 1) === 1)
      assert.equal(new Set(lives), new Set([1, 2]))
      assert.equal(await boots(server), ['default/1 restored'])
    })
  })
)

test(
  '--maximum-requests without a snapshot replaces the worker, and no request fails',
  within(LIMIT_MS, async () => {
    const args = [...APP, '--maximum-requests', '2', '--no-snapshot']
    await serving(serveFrom(temporaryFolder(), args), async (server) => {
      const rounds = Array.from({ length: 5 }, () => getJson<[string, number]>(server, '/counting'))
      const counted = (await Promise.all(rounds)).map(([, count]) => count)

      assert.equal(counted.sort(), [1, 1, 1, 2, 2])
      await server.logged(/it served maximum_requests \(2\) and was recycled/)
      assert.ok((await boots(server)).every((line) => line === 'default/1 cold'))
    })
  })
)

test(
  '200 requests at once on two isolated workers: each is the first of its interpreter',
  within(LIMIT_MS, async ({ store }) => {
    const args = [...APP, '--isolation', 'request', '--data-dir', temporaryFolder()]
    await serving(serveFrom(store, [...args, '--workers', '2']), async (server) => {
      const requests = Array.from({ length: 200 }, () =>
        getJson<[string, number]>(server, '/counting')
      )
      const answers = await Promise.all(requests)

      assert.equal([...new Set(answers.map(([, counter]) => counter))], [1])
      assert.equal([...new Set(answers.map(([worker]) => worker))].sort(), [
        'default/1',
        'default/2'
      ])
      assert.equal(await boots(server), ['default/1 restored', 'default/2 restored'])
    })
  })
)

test.run()
