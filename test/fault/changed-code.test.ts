// `--reload`, and mod_wsgi's script reloading: what the next request sees.
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder } from '../e2e/places.ts'
import { type ServeOptions, serve, type TestServer } from '../serve.ts'
import { within } from '../unit/within.ts'

const LIMIT_MS = 120_000

const test = suite('reloading')

/** Answers with a word of its own, one of a module, and a template that it reads for each request. */
const APP = `import os
import words
WORD = "app"
CACHE = {}
def application(environ, start_response):
    here = os.path.dirname(__file__)
    if "page" not in CACHE:
        with open(os.path.join(here, "templates", "page.txt")) as page:
            CACHE["page"] = page.read()
    start_response("200 OK", [])
    return [f"{WORD} {words.WORD} {CACHE['page']}".encode()]
`

interface Site {
  readonly app: string
  readonly file: (name: string) => string
}

function site(): Site {
  const folder = temporaryFolder()
  const file = (name: string): string => join(folder, name)
  mkdirSync(file('templates'))
  writeFileSync(file('app.py'), APP)
  writeFileSync(file('words.py'), 'WORD = "module"\n')
  writeFileSync(file('templates/page.txt'), 'page')
  return { app: file('app.py'), file }
}

async function withServer(
  args: readonly string[],
  act: (server: TestServer) => Promise<void>,
  options: ServeOptions = {}
): Promise<void> {
  const server = await serve([...args], options)
  try {
    await act(server)
  } finally {
    await server.close()
  }
}

async function textOf(server: TestServer): Promise<string> {
  return (await server.request('/')).text
}

for (const snapshot of ['--snapshot', '--no-snapshot']) {
  test(
    `with --reload the next request sees what has changed: the application, a module, a template (${snapshot})`,
    within(LIMIT_MS, async () => {
      const { app, file } = site()
      await withServer([app, '--reload', '--workers', '2', snapshot], async (server) => {
        assert.is(await textOf(server), 'app module page')

        writeFileSync(app, APP.replace('"app"', '"APP"'))
        assert.is(await textOf(server), 'APP module page')

        writeFileSync(file('words.py'), 'WORD = "MODULE"\n')
        const both = await Promise.all([textOf(server), textOf(server)])
        assert.equal(both, ['APP MODULE page', 'APP MODULE page'])

        writeFileSync(file('templates/page.txt'), 'PAGE')
        assert.is(await textOf(server), 'APP MODULE PAGE')
      })
    })
  )
}

test(
  'with --reload an error is shown in the browser with its traceback, until the file is mended',
  within(LIMIT_MS, async () => {
    const { app, file } = site()
    await withServer([app, '--reload', '--workers', '1'], async (server) => {
      writeFileSync(file('words.py'), 'import missing_words\n')
      const broken = [await server.request('/'), await server.request('/')]

      for (const reply of broken) {
        assert.is(reply.status, 500)
        assert.match(reply.headers['content-type'] ?? '', /^text\/html/)
        assert.match(reply.text, /words\.py&#34;, line 1[\s\S]*ModuleNotFoundError/)
      }
      await server.logged(/WASGI_ERR_APP_IMPORT|Importing/)

      // A module that was looked for is there now.
      writeFileSync(file('missing_words.py'), '')
      writeFileSync(file('words.py'), 'import missing_words\nWORD = "mended"\n')
      assert.is(await textOf(server), 'app mended page')

      rmSync(file('missing_words.py'))
      assert.is((await server.request('/')).status, 500)
      writeFileSync(file('missing_words.py'), '')
      assert.is(await textOf(server), 'app mended page')
    })
  })
)

test(
  'with --reload an import that hangs is given up once its file is mended',
  within(LIMIT_MS, async () => {
    const { app, file } = site()
    await withServer([app, '--reload', '--workers', '1'], async (server) => {
      writeFileSync(file('words.py'), 'print("hanging", flush=True)\nwhile True: pass\n')
      const reply = textOf(server)
      await server.logged(/hanging/)

      writeFileSync(file('words.py'), 'WORD = "mended"\n')

      assert.is(await reply, 'app mended page')
    })
  })
)

test(
  '--reload-extra names further files, and others change nothing',
  within(LIMIT_MS, async () => {
    const { app, file } = site()
    const extra = ['--reload-extra', file('*.txt')]
    await withServer([app, '--reload', '--workers', '1', ...extra], async (server) => {
      assert.is(await textOf(server), 'app module page')
      const starts = async () => (await server.caughtUp()).match(/interpreter ready/g)?.length
      const before = await starts()

      writeFileSync(file('notes.md'), 'nobody reads this')
      assert.is(await textOf(server), 'app module page')
      assert.is(await starts(), before)

      writeFileSync(file('extra.txt'), 'somebody might')
      assert.is(await textOf(server), 'app module page')
      await server.logged(/(?:interpreter ready[\s\S]*?){2}/)
    })
  })
)

test(
  "script_reloading loads the application anew when its file's time is another, even an older one",
  within(LIMIT_MS, async () => {
    const { app, file } = site()
    await withServer(
      [app, '--workers', '2'],
      async (server) => {
        assert.is(await textOf(server), 'app module page')
        writeFileSync(file('words.py'), 'WORD = "MODULE"\n')
        // Of other files nothing is known.
        assert.is(await textOf(server), 'app module page')

        utimesSync(app, 1_000_000_000, 1_000_000_000)
        const answers = new Set<string>()
        while (!answers.has('app MODULE page')) answers.add(await textOf(server))
        const after = await Promise.all([textOf(server), textOf(server), textOf(server)])

        // The file is looked at once a second: the old page may come first, and nothing else may.
        answers.delete('app module page')
        assert.equal([...answers], ['app MODULE page'])
        assert.equal([...new Set(after)], ['app MODULE page'])

        writeFileSync(app, 'import missing_words\n')
        while (!server.log().includes('WASGI_ERR_RELOAD')) {
          assert.is(await textOf(server), 'app MODULE page')
        }
      },
      { env: { WASGI_LOG_FORMAT: 'json' } }
    )
  })
)

test(
  'script_reloading imports an application anew of which nothing has changed but the time',
  within(LIMIT_MS, async () => {
    const { app } = site()
    writeFileSync(
      app,
      `import time
IMPORTED = str(time.time_ns())
def application(environ, start_response):
    start_response("200 OK", [])
    return [IMPORTED.encode()]
`
    )
    await withServer([app, '--workers', '1'], async (server) => {
      const before = await textOf(server)
      utimesSync(app, 1_000_000_000, 1_000_000_000)
      const images = (): number => server.log().match(/snapshot (captured|loaded)/g)?.length ?? 0
      while (images() < 2) await textOf(server)

      assert.is.not(await textOf(server), before)
    })
  })
)

test(
  'script_reloading follows a symbolic link that a deployment has changed, and the script behind it',
  within(LIMIT_MS, async () => {
    const [one, two] = [site(), site()]
    const current = join(temporaryFolder(), 'current')
    symlinkSync(dirname(one.app), current)
    writeFileSync(two.file('words.py'), 'WORD = "second"\n')
    await withServer([join(current, 'app.py'), '--workers', '1'], async (server) => {
      assert.is(await textOf(server), 'app module page')

      rmSync(current)
      symlinkSync(dirname(two.app), current)
      while ((await textOf(server)) !== 'app second page')
        assert.not.ok(server.log().includes('WASGI_ERR_RELOAD'), server.log())

      writeFileSync(two.file('words.py'), 'WORD = "third"\n')
      utimesSync(join(current, 'app.py'), 1, 1)
      while ((await textOf(server)) !== 'app third page')
        assert.not.ok(server.log().includes('WASGI_ERR_RELOAD'), server.log())
    })
  })
)

test(
  'with --reload an error without a traceback is shown, too, and the log tells which file has changed',
  within(LIMIT_MS, async () => {
    const { app } = site()
    await withServer([app, '--reload', '--workers', '1'], async (server) => {
      writeFileSync(app, 'nothing = "<to> call"\n')
      const reply = await server.request('/')

      assert.is(reply.status, 500)
      assert.match(reply.headers['content-type'] ?? '', /^text\/html/)
      assert.match(reply.text, /WASGI_ERR_APP_CALLABLE/)
      await server.logged(new RegExp(`is loaded anew, since this has changed: ${app}`))
    })
  })
)

/** Asks for a reload once a file is in /data; raises if another one is. */
const ASKING = `import os
def reload_required(resource):
    if os.path.exists("/data/raise"):
        raise RuntimeError("no idea about " + resource)
    return os.path.exists("/data/required")
while os.path.exists("/data/hang"):
    pass
GENERATION = open("/data/generation").read()
def application(environ, start_response):
    start_response("200 OK", [])
    return [GENERATION.encode(), environ["wsgi.input"].read()]
`

for (const mode of ['daemon', 'embedded']) {
  test(
    `reload_required() of the script is asked before each request, which the new code answers (${mode})`,
    within(LIMIT_MS, async () => {
      const { app } = site()
      const data = temporaryFolder()
      writeFileSync(app, ASKING)
      writeFileSync(join(data, 'generation'), 'first')
      await withServer([app, '--mode', mode, '--data-dir', data], async (server) => {
        assert.is(await textOf(server), 'first')
        writeFileSync(join(data, 'generation'), 'second')
        assert.is(await textOf(server), 'first')

        writeFileSync(join(data, 'required'), '')
        const big = 'x'.repeat(300_000)
        const reply = await server.request('/', { method: 'POST', body: big })
        rmSync(join(data, 'required'))

        assert.is(reply.text, `second${big}`)

        writeFileSync(join(data, 'generation'), 'third')
        writeFileSync(join(data, 'raise'), '')
        assert.is(await textOf(server), 'second')
        await server.logged(/no idea about \/app\/app\.py/)
      })
    })
  )
}

test(
  'what reload_required() asks for cannot be loaded: the request is answered by the old code',
  within(LIMIT_MS, async () => {
    const { app } = site()
    const data = temporaryFolder()
    writeFileSync(app, ASKING)
    writeFileSync(join(data, 'generation'), 'first')
    await withServer([app, '--workers', '1', '--data-dir', data], async (server) => {
      rmSync(join(data, 'generation'))
      writeFileSync(join(data, 'required'), '')

      assert.is(await textOf(server), 'first')
      await server.logged(/was not reloaded: [\s\S]*generation/)
    })
  })
)

test(
  'what is asked for hangs while it is imported: old code answers before long, and new code once there is some',
  within(LIMIT_MS, async () => {
    const { app } = site()
    const data = temporaryFolder()
    const [hang, required] = [join(data, 'hang'), join(data, 'required')]
    writeFileSync(app, ASKING)
    writeFileSync(join(data, 'generation'), 'first')
    await withServer([app, '--workers', '1', '--data-dir', data], async (server) => {
      writeFileSync(join(data, 'generation'), 'second')
      writeFileSync(hang, '')
      writeFileSync(required, '')
      assert.is(await textOf(server), 'first')

      rmSync(required)
      utimesSync(app, 1, 1)
      assert.is(await textOf(server), 'first')

      rmSync(hang)
      // In vain, if it is told why.
      while ((await textOf(server)) !== 'second')
        assert.not.ok(server.log().includes('WASGI_ERR_RELOAD'), server.log())
    })
  })
)

test(
  'without script_reloading a changed file is nothing to a server that runs',
  within(LIMIT_MS, async () => {
    const { app } = site()
    await withServer([app, '--workers', '1', '--no-script-reloading'], async (server) => {
      await withServer([app, '--workers', '1'], async (other) => {
        await textOf(server)
        writeFileSync(app, 'import missing_words\n')

        // By then the server would have noticed, too.
        while (!other.log().includes('was not reloaded')) {
          assert.is(await textOf(other), 'app module page')
          assert.is(await textOf(server), 'app module page')
        }
        assert.is(await textOf(server), 'app module page')
      })

      assert.not.match(await server.caughtUp(), /reload/)
    })
  })
)

test.run()
