// What `import … from 'wasgi'` gives.
export type { ForeignPyodide } from '../workers/foreign.ts'
export type { WasgiPluginOptions } from './config/settings.ts'
export type { InterpreterStatus } from './dispatch/group.ts'
export { type ErrorCode, WasgiError } from './errors.ts'
export type { WasgiApplication, WasgiDecorator } from './server/mounted.ts'
export { type WasgiFastifyOptions, wasgi } from './server/plugin.ts'
export type { SnapshotStatus } from './snapshot/counts.ts'
