// Every option of WSGIDaemonProcess, and what becomes of it. As directives.ts, a table for the importer and the guide.

import { none, own, type Reading, type Row } from './fit.ts'

/** A row that knows what mod_wsgi does without the option. */
export interface DaemonRow extends Row {
  /** As mod_wsgi's manual has it; '' for none. */
  readonly unset: string
}

const IDENTITY = 'Workers are threads of one process: they run as whoever starts wasgi'
const NO_SOCKET = 'Workers are threads: there is no socket between them and the server.'

function mapped(name: string, unset: string, reading: Reading, text = ''): DaemonRow {
  const key = name.replaceAll('-', '_')
  return { name, unset, fit: 'mapped', rule: { to: 'group', key, reading }, text }
}

function without(name: string, unset: string, text: string): DaemonRow {
  return { ...none(name, text), unset }
}

function special(name: string, unset: string, keys: string[], text: string): DaemonRow {
  return { ...own(name, 'adapted', keys, text), unset }
}

export const DAEMON_OPTIONS: readonly DaemonRow[] = [
  special(
    'processes',
    '1',
    ['workers'],
    'A worker is a thread with an interpreter of its own, so it is what a process is in Apache: memory and module globals are its own.'
  ),
  special(
    'threads',
    '15',
    ['workers'],
    'An interpreter runs one request at a time, so threads are not multiplied into workers, each of which costs the memory of a process: begin with one a core, and raise workers when requests wait for other servers.'
  ),
  without(
    'display-name',
    '',
    'Threads are called by their group, as logs and debuggers show them.'
  ),
  special(
    'home',
    '',
    ['root'],
    'The current folder is always /app, the root of the first application: written as root if the script lies in it.'
  ),
  without('user', "Apache's", `${IDENTITY}, and the sandbox gives them no rights of that user.`),
  without('group', "Apache's", `${IDENTITY}, and the sandbox gives them no rights of that group.`),
  without('supplementary-groups', '', `${IDENTITY}.`),
  without('umask', '', 'Files that an application makes in data_dir have the umask of wasgi.'),
  without(
    'chroot',
    '',
    'An application sees only what it is granted: its root, python_path and data_dir.'
  ),
  without(
    'script-user',
    '',
    'Who owns a script is not asked. Whoever can write to root can change it.'
  ),
  without(
    'script-group',
    '',
    'Who owns a script is not asked. Whoever can write to root can change it.'
  ),
  {
    name: 'lang',
    unset: '',
    fit: 'mapped',
    rule: { to: 'env', variable: 'LANG' },
    text: ''
  },
  {
    name: 'locale',
    unset: '',
    fit: 'mapped',
    rule: { to: 'env', variable: 'LC_ALL' },
    text: ''
  },
  special(
    'python-home',
    '',
    ['python_path'],
    'The site-packages folder of the virtual environment is granted. Python itself is the one of WebAssembly, so extension modules in it cannot be loaded: `wasgi install` puts those that can beside the application.'
  ),
  special(
    'python-path',
    '',
    ['python_path', 'root'],
    'Granted read-only, without following .pth files. A folder that the script lies in becomes the root of its application, which is on the module path, too.'
  ),
  without('python-eggs', '', 'Eggs are not unpacked; packages lie in folders.'),
  without(
    'switch-interval',
    '',
    'An interpreter runs one request at a time, so Python has no threads to switch.'
  ),
  mapped('restart-interval', '0', 'seconds'),
  mapped(
    'maximum-requests',
    '0',
    'integer',
    'An interpreter is then put back to its snapshot, or replaced.'
  ),
  mapped('inactivity-timeout', '0', 'seconds'),
  mapped('request-timeout', '0', 'seconds', 'Exact, as with threads=1.'),
  mapped('interrupt-timeout', '0', 'seconds'),
  mapped('deadlock-timeout', '300', 'seconds'),
  mapped(
    'startup-timeout',
    '0',
    'seconds',
    'There always is one here, so 0 leaves it at its default.'
  ),
  mapped('graceful-timeout', '0', 'seconds'),
  without(
    'eviction-timeout',
    'graceful-timeout',
    'Workers are not evicted: whatever retires one keeps to graceful_timeout.'
  ),
  mapped('shutdown-timeout', '5', 'seconds'),
  without(
    'connect-timeout',
    '15',
    `${NO_SOCKET} How long a request may wait for a worker is queue_timeout.`
  ),
  without('socket-timeout', 'Timeout', NO_SOCKET),
  without('response-socket-timeout', 'socket-timeout', NO_SOCKET),
  mapped('queue-timeout', '0', 'seconds'),
  special(
    'listen-backlog',
    '100',
    ['queue_limit'],
    'Requests wait in a queue of the group instead of on a socket; the client of one too many gets 503.'
  ),
  mapped('cpu-time-limit', '0', 'seconds'),
  {
    ...mapped(
      'memory-limit',
      '0',
      'bytes',
      'Of each interpreter: WebAssembly memory, from 64M to 4G.'
    ),
    fit: 'adapted'
  },
  without(
    'virtual-memory-limit',
    '0',
    'Address space says nothing about an interpreter; memory_limit bounds its memory.'
  ),
  without(
    'stack-size',
    "the system's",
    'How deep Python and C code may recurse is fixed in WebAssembly; stack_size is of the thread around it, whose default is enough.'
  ),
  without('receive-buffer-size', '', NO_SOCKET),
  without('send-buffer-size', '', NO_SOCKET),
  without('socket-user', '', NO_SOCKET),
  without('cpu-priority', '', 'Workers are threads of one process, and have its priority.'),
  without(
    'header-buffer-size',
    '32768',
    'A response head need not fit into a buffer: it is never truncated.'
  ),
  special(
    'response-buffer-size',
    '8388608',
    ['response_window'],
    'How far an application may be ahead of its client.'
  ),
  without(
    'response-flush-delay',
    '5 ms',
    'What an application gives is sent at once; small responses go whole.'
  ),
  without(
    'newrelic-config-file',
    '',
    'mod_wsgi has removed it; give the agent its own variables with env.'
  ),
  without(
    'newrelic-environment',
    '',
    'mod_wsgi has removed it; give the agent its own variables with env.'
  ),
  without(
    'server-metrics',
    'off',
    'Metrics are in the format of Prometheus, where admin or admin_path says.'
  )
]
