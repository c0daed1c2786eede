// A thread with a realm and nothing else, in which one script of a guest's runs. It says when it
// begins, since the script may never end.
import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { createRealm } from '../../../workers/realm.ts'
import { listenToTheVoid, turn } from './void.ts'

listenToTheVoid()
const lockdown = new URL('../../../workers/realm/lockdown.js', import.meta.url)
const realm = createRealm()
const close = realm.evaluate(readFileSync(lockdown, 'utf8'), 'lockdown.js') as () => void
close()
parentPort?.postMessage('begun')
realm.evaluate(workerData as string, 'guest.js')
await turn()
parentPort?.postMessage('ended')
