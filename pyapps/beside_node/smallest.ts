// The smallest Fastify server with a Python application in it; the README shows this file.
import Fastify from 'fastify'
import { wasgi } from 'wasgi'

const app = Fastify({ pluginTimeout: 0 })
app.get('/', async () => ({ hello: 'node' }))
await app.register(wasgi, { app: 'pyapps/hello.py', prefix: '/py' })
await app.listen({ port: 3000 })
