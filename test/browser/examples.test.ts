// The Flask and the Django example in a real browser, with four workers each.
import type { Browser } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { example, temporaryFolder } from '../e2e/places.ts'
import { serve, type TestServer } from '../serve.ts'
import { frameworks } from '../sites.ts'
import { within } from '../unit/within.ts'
import { launch, watch } from './chromium.ts'

const LIMIT_MS = 180_000
const PASSWORD = 'correct horse battery staple'

const test = suite<{ browser: Browser }>('in a browser')

test.before(async (context) => {
  context.browser = await launch()
})
test.after(({ browser }) => browser?.close())

async function start(name: string, env: Record<string, string> = {}): Promise<TestServer> {
  const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`])
  const folders = ['--python-path', await frameworks(), '--data-dir', temporaryFolder()]
  const workers = ['--workers', '4', '--startup-timeout', '2m']
  return serve([example(name), ...folders, ...variables, ...workers])
}

test(
  'Django: a guest signs the book, the administrator logs in and finds the entry',
  within(LIMIT_MS, async ({ browser }) => {
    const server = await start('django_guestbook', {
      DJANGO_SUPERUSER_USERNAME: 'admin',
      DJANGO_SUPERUSER_EMAIL: 'admin@example.org',
      DJANGO_SUPERUSER_PASSWORD: PASSWORD
    })
    try {
      const page = await browser.newPage()
      const seen = watch(page)

      await page.goto(server.url)
      await page.getByLabel('Name').fill('Zoë')
      await page.getByLabel('Message').fill('Was here, with a browser.')
      await page.getByRole('button', { name: 'Sign' }).click()
      await page.getByText('Thank you, Zoë.').waitFor()
      await page.getByRole('link', { name: 'Administration' }).click()
      await page.getByLabel('Username').fill('admin')
      await page.getByLabel('Password').fill(PASSWORD)
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByRole('heading', { name: 'Site administration' }).waitFor()
      const styled = await page.evaluate(
        'getComputedStyle(document.querySelector("#header")).backgroundColor'
      )
      await page.getByRole('link', { name: 'Entries', exact: true }).first().click()
      await page.getByRole('link', { name: 'Zoë' }).click()
      await page.getByLabel('Hidden').check()
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('was changed successfully').waitFor()
      await page.goto(server.url)
      await page.getByText('Be the first.').waitFor()

      assert.is.not(styled, 'rgba(0, 0, 0, 0)')
      assert.equal(seen.faults, [])
      assert.ok(seen.workers.size >= 2, [...seen.workers].join())
    } finally {
      await server.close()
    }
  })
)

test(
  'Flask: a visitor signs up, logs in and keeps a note',
  within(LIMIT_MS, async ({ browser }) => {
    const server = await start('flask_notes')
    try {
      const page = await browser.newPage()
      const seen = watch(page)

      await page.goto(`${server.url}/signup`)
      await page.getByLabel('Name').fill('Ann')
      await page.getByLabel('Password').fill(PASSWORD)
      await page.getByRole('button', { name: 'Sign up' }).click()
      await page.getByText('Welcome.').waitFor()
      await page.getByLabel('Name').fill('Ann')
      await page.getByLabel('Password').fill(PASSWORD)
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByText('Hello, Ann.').waitFor()
      await page.getByLabel('New note').fill('Remember <this> & 中')
      await page.getByRole('button', { name: 'Add' }).click()
      await page.getByText('Remember <this> & 中').waitFor()
      await page.getByRole('button', { name: 'Delete' }).click()
      await page.getByText('None yet.').waitFor()

      assert.equal(seen.faults, [])
    } finally {
      await server.close()
    }
  })
)

test(
  'Server-Sent Events reach an EventSource',
  within(LIMIT_MS, async ({ browser }) => {
    const late = ['--shutdown-timeout', '0']
    const server = await serve([example('streaming.py'), '--workers', '2', ...late])
    try {
      const page = await browser.newPage()

      await page.goto(server.url)
      await page.waitForFunction(
        '/^\\d\\d:\\d\\d:\\d\\d$/.test(document.querySelector("output").value)'
      )

      assert.match(String(await page.locator('output').textContent()), /^\d\d:\d\d:\d\d$/)
    } finally {
      await server.close()
    }
  })
)

test.run()
