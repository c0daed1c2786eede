// The Django example with four workers that start on an empty data folder, all at once.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serve, type TestServer } from '../serve.ts'
import { frameworks } from '../sites.ts'
import { within } from '../unit/within.ts'
import { example, temporaryFolder } from './places.ts'
import { Visitor } from './visitor.ts'

const LIMIT_MS = 180_000
const ADMIN = { username: 'admin', password: 'correct horse' }

const test = suite<{ server: TestServer }>('pyapps/django_guestbook')

test.before(async (context) => {
  const variables = {
    DJANGO_SUPERUSER_USERNAME: ADMIN.username,
    DJANGO_SUPERUSER_EMAIL: 'admin@example.org',
    DJANGO_SUPERUSER_PASSWORD: ADMIN.password
  }
  const env = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  const packages = ['--python-path', await frameworks()]
  const data = ['--data-dir', temporaryFolder()]
  const args = [example('django_guestbook'), ...packages, ...data, ...env]
  context.server = await serve([...args, '--workers', '4', '--startup-timeout', '2m'])
})
test.after(({ server }) => server.close())

test(
  'a guest signs the book and finds the entry there',
  within(LIMIT_MS, async ({ server }) => {
    const guest = new Visitor(server.url)

    const thanked = await guest.fill('/', { name: 'Zoë', message: 'Was here.\n<script>' })
    const later = await guest.visit('/')

    assert.match(thanked.text, /Thank you, Zoë\./)
    assert.match(thanked.text, /Was here\.<br>&lt;script&gt;/)
    assert.not.match(later.text, /Thank you/)
  })
)

test(
  'a form without its token is refused, one with faults is shown again',
  within(LIMIT_MS, async ({ server }) => {
    const guest = new Visitor(server.url)

    const forged = await guest.send('/', { name: 'Mallory', message: 'No token.' })
    const faulty = await guest.fill('/', { name: 'x'.repeat(81), message: '' })

    assert.is(forged.status, 403)
    assert.match(forged.text, /CSRF/)
    assert.is(faulty.status, 200)
    assert.match(faulty.text, /at most 80 characters/)
    assert.match(faulty.text, /This field is required/)
    assert.not.match(faulty.text, /Mallory/)
  })
)

test(
  'the administrator logs in, hides an entry, and guests no longer see it',
  within(LIMIT_MS, async ({ server }) => {
    const guest = new Visitor(server.url)
    await guest.fill('/', { name: 'Eve', message: 'Buy something.' })
    const admin = new Visitor(server.url)

    const index = await admin.fill('/admin/login/?next=/admin/', ADMIN)
    const list = await admin.visit('/admin/guestbook/entry/?q=Buy')
    const number = /\/admin\/guestbook\/entry\/(\d+)\/change\//.exec(list.text)?.[1]
    const path = `/admin/guestbook/entry/${number}/change/`
    const saved = await admin.fill(path, { name: 'Eve', message: 'Buy something.', hidden: 'on' })
    const seen = await guest.visit('/')

    assert.match(index.text, /Site administration/)
    assert.match(saved.text, /was changed successfully/)
    assert.not.match(seen.text, /Buy something/)
  })
)

test(
  'a wrong password is refused',
  within(LIMIT_MS, async ({ server }) => {
    const reply = await new Visitor(server.url).fill('/admin/login/', { ...ADMIN, password: 'no' })

    assert.is(reply.status, 200)
    assert.match(reply.text, /Please enter the correct username and password/)
  })
)

test(
  'the four workers share one book',
  within(LIMIT_MS, async ({ server }) => {
    const guest = new Visitor(server.url)
    const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec((await guest.visit('/')).text)
    const names = Array.from({ length: 16 }, (_, index) => `guest-${index}.`)
    const sign = (name: string) =>
      guest.send('/', { csrfmiddlewaretoken: String(token?.[1]), name, message: 'Hello.' })

    const signed = await Promise.all(names.map(sign))
    const reads = await Promise.all(
      Array.from({ length: 16 }, () => server.request('/entries.json'))
    )

    assert.equal(new Set(signed.map(({ status }) => status)), new Set([302]))
    const workers = new Set([...signed, ...reads].map(({ headers }) => headers['x-worker']))
    assert.ok(workers.size >= 2, [...workers].join())
    for (const { text } of reads) for (const name of names) assert.ok(text.includes(name), name)
  })
)

test(
  'an async view reads the database and knows time zones',
  within(LIMIT_MS, async ({ server }) => {
    await new Visitor(server.url).fill('/', { name: 'Kei', message: 'こんにちは' })

    const reply = await server.request('/entries.json?zone=Asia/Tokyo')
    const nowhere = await server.request('/entries.json?zone=../../etc')

    assert.is(reply.headers['content-type'], 'application/json')
    const { entries } = JSON.parse(reply.text) as { entries: Array<Record<string, string>> }
    assert.is(entries[0]?.message, 'こんにちは')
    assert.match(String(entries[0]?.written), /\+09:00$/)
    assert.is(nowhere.status, 400)
  })
)

test(
  "static files come from where they are, the admin's too",
  within(LIMIT_MS, async ({ server }) => {
    const ours = await server.request('/static/guestbook/style.css')
    const theirs = await server.request('/static/admin/css/base.css')
    const cached = await server.request('/static/admin/css/base.css', {
      headers: { 'if-modified-since': String(theirs.headers['last-modified']) }
    })
    const head = await server.request('/static/admin/css/base.css', { method: 'HEAD' })
    const missing = await server.request('/static/../guestbook_site/settings.py')

    for (const css of [ours, theirs]) {
      assert.is(css.status, 200)
      assert.match(String(css.headers['content-type']), /^text\/css/)
      assert.is(css.body.length, Number(css.headers['content-length']))
    }
    assert.is(cached.status, 304)
    assert.is(head.headers['content-length'], theirs.headers['content-length'])
    assert.is(missing.status, 404)
  })
)

test(
  'a host that is not allowed is refused by Django',
  within(LIMIT_MS, async ({ server }) => {
    const reply = await server.request('/', { headers: { host: 'evil.example' } })

    assert.is(reply.status, 400)
  })
)

test.run()
