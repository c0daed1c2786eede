// What `import … from 'wasgi'` gives.
export type { ForeignPyodide } from '../workers/foreign.ts'
export type { RunningServer } from './cli/surroundings.ts'
export type {
  WasgiApplicationOptions,
  WasgiGroupOptions,
  WasgiMountOptions,
  WasgiPluginOptions,
  WasgiServerOptions
} from './config/given-options.ts'
export type { InterpreterStatus } from './dispatch/group.ts'
export { type ErrorCode, WasgiError } from './errors.ts'
export type { WasgiApplication, WasgiDecorator } from './server/mounted.ts'
export { type WasgiFastifyOptions, wasgi } from './server/plugin.ts'
export { serve } from './server/program.ts'
export type { SnapshotStatus } from './snapshot/counts.ts'
