// Python beside Node.js in one Fastify server: routes of its own, and two WSGI applications that share
// its hooks, its port and its log.
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { wasgi } from 'wasgi'

const app = Fastify({ logger: { level: 'warn', stream: process.stderr } })

app.addHook('onSend', async (_request, reply) => {
  reply.header('x-served-by', 'Fastify')
})

app.get('/', async () => ({
  applications: app.wasgi.applications.map(({ target, prefix }) => ({ target, prefix }))
}))

await app.register(wasgi, {
  app: here('../hello.py'),
  prefix: '/py',
  workers: 1
})

await app.register(wasgi, {
  app: here('../flask_notes'),
  prefix: '/flask',
  workers: 1,
  ...(process.env.DATA_DIR === undefined ? {} : { dataDir: process.env.DATA_DIR }),
  ...(process.env.PYTHON_PATH === undefined ? {} : { pythonPath: [process.env.PYTHON_PATH] })
})

const url = await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`Node.js and Python at ${url}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.close())

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
