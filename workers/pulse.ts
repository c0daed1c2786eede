// Shows the main thread that this thread's event loop turns. Node-specific.
import { BEAT_MS, Pulse } from '../src/wire/pulse.ts'

/** Beats until `stop` is called; it keeps no thread alive. */
export function startPulse(buffer: SharedArrayBuffer): { stop(): void } {
  const pulse = new Pulse(buffer)
  const beat = (): void => {
    const { user, system } = process.threadCpuUsage()
    pulse.beat((user + system) / 1000)
  }
  beat()
  const timer = setInterval(beat, BEAT_MS).unref()
  return { stop: () => clearInterval(timer) }
}
