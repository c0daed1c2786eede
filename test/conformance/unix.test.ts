// The conformance table: HTTP/1.1 over a Unix socket.
import { conform } from './run.ts'

await conform('unix')
