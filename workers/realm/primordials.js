// Intrinsics of the realm, captured before any Python runs, and the one guard every host call goes
// through. Evaluated in the realm first of all its scripts. Everything here rests on one assumption:
// the guest can later replace every property of every object it can reach, but not these constants.
;(function primordials() {
  const { apply, getOwnPropertyDescriptor, getPrototypeOf } = Reflect
  const uncurry = Function.prototype.bind.bind(Function.prototype.call)
  const getter = (object, name) => uncurry(getOwnPropertyDescriptor(object, name).get)
  const TypedArrayPrototype = getPrototypeOf(Uint8Array.prototype)
  const RealmUint8Array = Uint8Array
  const RealmPromise = Promise
  const PromiseResolve = Promise.resolve
  const RealmError = Error
  const RealmTypeError = TypeError
  const RealmDate = Date

  /** Thrown for every failed host call: the host's own error must never be seen in here. */
  const FAILURE = Object.freeze(new RealmError('the host refused or failed this call'))
  /** Thrown when the guest hands something that is not the primitive a call takes. */
  const BAD_ARGUMENT = Object.freeze(new RealmTypeError('this call takes numbers and strings only'))

  const isPrimitive = (value) =>
    typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'

  // Words of stack a host function must find. V8 does not even compile a function with less than
  // 40 KB left, and any function of the host's may be compiled at any call.
  const ROOM = []
  for (let i = 0; i < 8192; i++) ROOM[i] = 0
  const nothing = () => {}

  /**
   * Wraps a host function so that nothing of the host can come through: not an object it returns,
   * not an error it throws, not the RangeError of the host's realm at the end of the stack.
   * Up to six arguments, each a number, string or boolean, or an ArrayBuffer checked by the caller.
   */
  const guard = (hostFunction) => (a, b, c, d, e, f) => {
    // A guest chooses how deep the stack is. Without room the host's function would end anywhere in
    // its middle, and leave behind a list of timers half linked or a descriptor that nobody closes.
    apply(nothing, undefined, ROOM)
    return call(hostFunction, a, b, c, d, e, f)
  }

  /** The same, without the cost, for a host function that keeps nothing from call to call. */
  const guardStateless = (hostFunction) => (a, b, c, d, e, f) =>
    call(hostFunction, a, b, c, d, e, f)

  const call = (hostFunction, a, b, c, d, e, f) => {
    let result
    try {
      result = hostFunction(a, b, c, d, e, f)
    } catch {
      throw FAILURE
    }
    if (result !== undefined && !isPrimitive(result)) throw FAILURE
    return result
  }

  /** The number, but for a negative zero, on which Node's own checks fail. */
  const number = (value) => {
    if (typeof value !== 'number') throw BAD_ARGUMENT
    return value + 0
  }
  const string = (value) => {
    if (typeof value !== 'string') throw BAD_ARGUMENT
    return value
  }

  return Object.freeze({
    __proto__: null,
    FAILURE,
    BAD_ARGUMENT,
    guard,
    guardStateless,
    number,
    string,
    apply,
    uncurry,
    Uint8Array: RealmUint8Array,
    Promise: RealmPromise,
    promiseResolve: (value) => apply(PromiseResolve, RealmPromise, [value]),
    Error: RealmError,
    TypeError: RealmTypeError,
    WebAssemblyModule: WebAssembly.Module,
    WebAssemblyInstance: WebAssembly.Instance,
    WebAssemblySuspending: WebAssembly.Suspending,
    WebAssemblyPromising: WebAssembly.promising,
    typedArrayBuffer: getter(TypedArrayPrototype, 'buffer'),
    typedArrayOffset: getter(TypedArrayPrototype, 'byteOffset'),
    typedArrayLength: getter(TypedArrayPrototype, 'byteLength'),
    typedArraySet: uncurry(TypedArrayPrototype.set),
    typedArraySubarray: uncurry(TypedArrayPrototype.subarray),
    arrayBufferLength: getter(ArrayBuffer.prototype, 'byteLength'),
    memoryBuffer: getter(WebAssembly.Memory.prototype, 'buffer'),
    isView: ArrayBuffer.isView,
    promiseThen: uncurry(Promise.prototype.then),
    objectCreate: Object.create,
    freeze: Object.freeze,
    defineProperty: Object.defineProperty,
    getPrototypeOf,
    ArrayPush: uncurry(Array.prototype.push),
    ArrayPop: uncurry(Array.prototype.pop),
    StringSplit: uncurry(String.prototype.split),
    StringSlice: uncurry(String.prototype.slice),
    StringLastIndexOf: uncurry(String.prototype.lastIndexOf),
    StringEndsWith: uncurry(String.prototype.endsWith),
    NumberParse: Number,
    MathMin: Math.min,
    MathMax: Math.max,
    DateNew: (ms) => new RealmDate(ms),
    jsonParse: JSON.parse
  })
})
