// The metrics there are, each declared once: docs/reference/metrics.md is written from them. Names and
// labels are part of what SemVer covers. No label takes a value that a client can choose.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** An application's answers, from a file in memory to a report that takes half a minute. */
const REQUEST_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60
]
/** From a restore to a cold boot with a large application. */
const START_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export interface MetricFamilies {
  readonly build: Gauge<'version' | 'node_version' | 'python_version'>
  readonly requests: Counter<'group' | 'method' | 'status'>
  readonly duration: Histogram<'group'>
  readonly queueTime: Histogram<'group'>
  readonly inProgress: Gauge<'group'>
  readonly queued: Gauge<'group'>
  readonly failures: Counter<'group' | 'code'>
  readonly workers: Gauge<'group' | 'state'>
  readonly deaths: Counter<'group' | 'kind'>
  readonly starts: Histogram<'group' | 'boot'>
  readonly wipes: Counter<'group'>
  readonly wipeTime: Counter<'group'>
  readonly memory: Gauge<'group' | 'worker'>
  readonly snapshot: Gauge<'group' | 'from'>
  readonly snapshotFailures: Counter<'group' | 'code'>
}

/** Registers all of them. */
export function metricFamilies(registry: Registry): MetricFamilies {
  return { ...requestFamilies(registry), ...workerFamilies(registry) }
}

type RequestFamily =
  | 'build'
  | 'requests'
  | 'duration'
  | 'queueTime'
  | 'inProgress'
  | 'queued'
  | 'failures'

function requestFamilies(registry: Registry): Pick<MetricFamilies, RequestFamily> {
  const registers = [registry]
  return {
    build: new Gauge({
      name: 'wasgi_build_info',
      help: 'Versions of what runs; the value is always 1.',
      labelNames: ['version', 'node_version', 'python_version'],
      registers
    }),
    requests: new Counter({
      name: 'wasgi_requests_total',
      help: 'Requests whose response was sent, or whose client went away (status 499).',
      labelNames: ['group', 'method', 'status'],
      registers
    }),
    duration: new Histogram({
      name: 'wasgi_request_duration_seconds',
      help: 'From the arrival of the head of a request until its response was sent.',
      labelNames: ['group'],
      buckets: REQUEST_BUCKETS,
      registers
    }),
    queueTime: new Histogram({
      name: 'wasgi_request_queue_seconds',
      help: 'How long requests waited until a worker started them.',
      labelNames: ['group'],
      buckets: REQUEST_BUCKETS,
      registers
    }),
    inProgress: new Gauge({
      name: 'wasgi_requests_in_progress',
      help: 'Requests whose response is not sent in full, those that wait included.',
      labelNames: ['group'],
      registers
    }),
    queued: new Gauge({
      name: 'wasgi_requests_queued',
      help: 'Requests that no worker has started.',
      labelNames: ['group'],
      registers
    }),
    failures: new Counter({
      name: 'wasgi_failures_total',
      help: 'Requests and starts that failed, by error code; faults of clients are not counted.',
      labelNames: ['group', 'code'],
      registers
    })
  }
}

function workerFamilies(registry: Registry): Omit<MetricFamilies, RequestFamily> {
  const registers = [registry]
  return {
    workers: new Gauge({
      name: 'wasgi_workers',
      help: 'Workers by state.',
      labelNames: ['group', 'state'],
      registers
    }),
    deaths: new Counter({
      name: 'wasgi_worker_deaths_total',
      help: 'Workers that ended and were replaced, by kind of reason.',
      labelNames: ['group', 'kind'],
      registers
    }),
    starts: new Histogram({
      name: 'wasgi_interpreter_start_seconds',
      help: 'How long interpreters took to be ready: booted cold, restored from a snapshot, or adopted.',
      labelNames: ['group', 'boot'],
      buckets: START_BUCKETS,
      registers
    }),
    wipes: new Counter({
      name: 'wasgi_wipes_total',
      help: 'Interpreters that were put back to their snapshot in place.',
      labelNames: ['group'],
      registers
    }),
    wipeTime: new Counter({
      name: 'wasgi_wipe_seconds_total',
      help: 'How long all wipes took together.',
      labelNames: ['group'],
      registers
    }),
    memory: new Gauge({
      name: 'wasgi_worker_memory_bytes',
      help: "WebAssembly memory of the worker's interpreter after its last request. It never shrinks.",
      labelNames: ['group', 'worker'],
      registers
    }),
    snapshot: new Gauge({
      name: 'wasgi_snapshot_info',
      help: 'Where the snapshot in use came from; the value is always 1.',
      labelNames: ['group', 'from'],
      registers
    }),
    snapshotFailures: new Counter({
      name: 'wasgi_snapshot_failures_total',
      help: 'Snapshots that were not used, not made or not stored, by error code.',
      labelNames: ['group', 'code'],
      registers
    })
  }
}
