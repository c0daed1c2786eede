// The Flask example with four workers: what one of them writes, the others read.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { frameworks } from '../sites.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder } from './places.ts'
import { Visitor } from './visitor.ts'

const LIMIT_MS = 120_000

const test = suite<{ server: TestServer }>('pyapps/flask_notes')

test.before(async (context) => {
  const packages = ['--python-path', await frameworks()]
  const data = ['--data-dir', temporaryFolder()]
  context.server = await serve([example('flask_notes'), ...packages, ...data, '--workers', '4'])
})
test.after(({ server }) => server.close())

test(
  'a visitor signs up, logs in, writes a note, deletes it and logs out',
  within(LIMIT_MS, async ({ server }) => {
    const ann = new Visitor(server.url)

    const signedUp = await ann.fill('/signup', { name: 'Ann', password: 'tr€s secret' })
    const loggedIn = await ann.fill('/login', { name: 'Ann', password: 'tr€s secret' })
    const noted = await ann.send('/notes', { text: '<b> & 中' })
    const list = await ann.visit('/')
    const number = /action="\/notes\/(\d+)\/delete"/.exec(list.text)?.[1]
    await ann.send(`/notes/${number}/delete`, {})
    const emptied = await ann.visit('/')
    await ann.send('/logout', {})
    const loggedOut = await ann.visit('/')

    assert.match(signedUp.text, /Welcome\. Log in/)
    assert.match(loggedIn.text, /Hello, Ann\./)
    assert.is(noted.status, 302)
    assert.match(list.text, /Noted\./)
    assert.match(list.text, /<p>&lt;b&gt; &amp; 中<\/p>/)
    assert.match(emptied.text, /Deleted\.[\s\S]*None yet\./)
    assert.match(loggedOut.text, /<h1>Log in<\/h1>/)
  })
)

test(
  'a flashed message is shown once',
  within(LIMIT_MS, async ({ server }) => {
    const bob = new Visitor(server.url)

    const first = await bob.fill('/signup', { name: 'Bob', password: 'x' })
    const second = await bob.visit('/login')

    assert.match(first.text, /class="flash"/)
    assert.not.match(second.text, /class="flash"/)
  })
)

test(
  'a wrong password and a forged session are refused',
  within(LIMIT_MS, async ({ server }) => {
    const carl = new Visitor(server.url)
    await carl.fill('/signup', { name: 'Carl', password: 'right' })

    const wrong = await carl.fill('/login', { name: 'Carl', password: 'wrong' })
    const cookie = 'session=eyJhY2NvdW50X2lkIjoxfQ.aAAAAA.forged'
    const forged = await server.request('/', { headers: { cookie } })

    assert.is(wrong.status, 403)
    assert.match(wrong.text, /Wrong name or password\./)
    assert.is(forged.status, 302)
    assert.is(forged.headers.location, '/login')
  })
)

test(
  'every worker accepts the session and finds every note',
  within(LIMIT_MS, async ({ server }) => {
    const dora = new Visitor(server.url)
    await dora.fill('/signup', { name: 'Dora', password: 'x' })
    await dora.fill('/login', { name: 'Dora', password: 'x' })
    const texts = Array.from({ length: 24 }, (_, index) => `note number ${index};`)

    const added = await Promise.all(texts.map((text) => dora.send('/notes', { text })))
    const pages = await Promise.all(Array.from({ length: 24 }, () => dora.visit('/')))

    assert.equal(new Set(added.map(({ status }) => status)), new Set([302]))
    const workers = new Set([...added, ...pages].map(({ headers }) => headers['x-worker']))
    assert.ok(workers.size >= 2, [...workers].join())
    for (const page of pages) {
      for (const text of texts) assert.ok(page.text.includes(text), text)
    }
  })
)

test(
  'async views run, and know the time everywhere',
  within(LIMIT_MS, async ({ server }) => {
    const tokyo = await server.request('/clock')
    const kathmandu = await server.request('/clock?zone=Asia/Kathmandu')
    const nowhere = await server.request('/clock?zone=Nowhere/City')

    assert.match(tokyo.text, /<dt>UTC<\/dt>\s*<dd>[\d:]+ \(\+0000\)<\/dd>/)
    assert.match(tokyo.text, /<dt>Asia\/Tokyo<\/dt>\s*<dd>[\d:]+ \(\+0900\)<\/dd>/)
    assert.match(kathmandu.text, /\(\+0545\)/)
    assert.is(nowhere.status, 400)
  })
)

test(
  'static files, errors and form limits are as Flask makes them',
  within(LIMIT_MS, async ({ server }) => {
    const css = await server.request('/static/style.css')
    const cached = await server.request('/static/style.css', {
      headers: { 'if-none-match': String(css.headers.etag) }
    })
    const ranged = await server.request('/static/style.css', { headers: { range: 'bytes=0-3' } })
    const missing = await server.request('/nothing/here')
    const wrongMethod = await server.request('/logout')
    const noField = await server.request('/login', { method: 'POST' })
    const large = await new Visitor(server.url).send('/login', { name: 'x'.repeat(70_000) })

    assert.is(css.status, 200)
    assert.match(String(css.headers['content-type']), /^text\/css/)
    assert.is(Number(css.headers['content-length']), css.body.length)
    assert.is(cached.status, 304)
    assert.is(ranged.status, 206)
    assert.is(ranged.text, 'body')
    assert.is(missing.status, 404)
    assert.is(wrongMethod.status, 405)
    assert.is(noField.status, 400)
    assert.is(large.status, 413)
  })
)

test(
  'without a data folder it works too, and says that nothing will last',
  within(LIMIT_MS, async ({ server }) => {
    const args = [example('flask_notes'), '--python-path', await frameworks(), '--workers', '1']
    const forgetful = await serve(args)
    try {
      const visitor = new Visitor(forgetful.url)
      await visitor.fill('/signup', { name: 'Finn', password: 'x' })

      const page = await visitor.fill('/login', { name: 'Finn', password: 'x' })
      const lasting = await new Visitor(server.url).visit('/')

      assert.match(page.text, /Hello, Finn\.[\s\S]*There is no data folder/)
      assert.not.match(lasting.text, /There is no data folder/)
    } finally {
      await forgetful.close()
    }
  })
)

test.run()
