// The conformance table: the Fastify plugin, below a prefix of somebody else's server.
import { conform } from './run.ts'

await conform('plugin')
