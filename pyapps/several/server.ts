// What wasgi.toml says, as a program says it.
import { fileURLToPath } from 'node:url'
import { serve } from 'wasgi'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const server = await serve({
  port: Number(process.env.PORT ?? 8000),
  workers: 2,
  groups: { uploads: { workers: 4, requestTimeout: '10m' } },
  mounts: [
    { path: '/', app: here('../hello.py') },
    { path: '/echo', app: here('../echo.py') },
    { path: '/echo/upload', app: here('../upload.py'), processGroup: 'uploads', bodyLimit: '4G' }
  ]
})
console.log(server.url)

process.once('SIGTERM', () => server.close())
