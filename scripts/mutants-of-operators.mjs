/**
 * Wrong versions of the holding operators: in `file` of src/operators the text `from`, which occurs
 * once, becomes `to`.
 * @type {readonly { file: string, what: string, from: string, to: string }[]}
 */
export const OPERATOR_MUTANTS = [
  // mapAsync.
  mutant('map-async.ts', 'does not hold', 'this.#core.memoryPool.hold(this.#instance, input, bytes);', ''),
  mutant('map-async.ts', 'does not release', 'this.#core.memoryPool.release(this.#instance, it.input, it.bytes);', ''),
  mutant(
    'map-async.ts',
    'releases before it emits',
    'this.#instance.meter.emit(this.#out, (operation.result as { value: B }).value);\n    this.#finish(operation);',
    'this.#finish(operation);\n    this.#instance.meter.emit(this.#out, (operation.result as { value: B }).value);',
  ),
  mutant(
    'map-async.ts',
    'one operation too many',
    'this.#active < this.#concurrency',
    'this.#active <= this.#concurrency',
  ),
  mutant(
    'map-async.ts',
    'the queue is not released',
    'it = this.#queue.shift()) this.#release(it);',
    'it = this.#queue.shift());',
  ),
  mutant(
    'map-async.ts',
    'ready results are not released',
    'if (it.result !== undefined) this.#finish(it);\n    }\n    this.#core',
    '}\n    this.#core',
  ),
  mutant(
    'map-async.ts',
    'executing elements are released at once',
    'if (it.result !== undefined) this.#finish(it);\n    }\n    this.#core',
    'this.#finish(it);\n    }\n    this.#core',
  ),
  mutant('map-async.ts', 'does not abort', 'this.#abort.abort();', ''),
  mutant(
    'map-async.ts',
    'never starts the next',
    '// The next one starts before this result is emitted: it executes while the downstream works.\n    this.#startWhatMay();',
    '',
  ),
  mutant(
    'map-async.ts',
    'loses what settles after it was stopped',
    'this.#release(operation);\n      return;',
    'return;',
  ),
  mutant(
    'map-async.ts',
    'is out of order',
    'if (operation?.result === undefined) return;',
    'if (operation === undefined) return;\n      if (operation.result === undefined) operation.result = { value: /** @type {any} */ (operation.input) };',
  ),
  mutant(
    'map-async.ts',
    'completes too early',
    'if (this.#ended && this.#active === 0 && this.#line.size === 0 && this.#queue.size === 0)',
    'if (this.#ended)',
  ),
  mutant(
    'map-async.ts',
    'forgets results inside next',
    '&& this.#active === 0 && this.#line.size === 0',
    '&& this.#active === 0',
  ),
  mutant(
    'map-async.ts',
    'never completes',
    'this.#completeWhenDone();\n  }\n\n  /** Takes a result in',
    '}\n\n  /** Takes a result in',
  ),
  mutant('map-async.ts', 'timeouts are not cleared', 'clearTimeout(operation.timer);', ''),
  mutant(
    'map-async.ts',
    'no timeouts',
    'this.#timeout !== undefined) operation.timer',
    'this.#timeout !== this.#timeout) operation.timer',
  ),
  mutant(
    'map-async.ts',
    'a late operation stays in flight',
    'operation.late = true;\n    const { meter, scope } = this.#instance;\n    meter.leave();',
    'const { meter, scope } = this.#instance;',
  ),
  // microBatch.
  mutant('micro-batch.ts', 'does not hold', 'this.#core.memoryPool.hold(input.instance, value, bytes);', ''),
  mutant(
    'micro-batch.ts',
    'does not release',
    'this.#core.memoryPool.release(item.input.instance, item.value, item.bytes);',
    '',
  ),
  mutant('micro-batch.ts', 'one element too many', 'while (batch.length < count) {', 'while (batch.length <= count) {'),
  mutant(
    'micro-batch.ts',
    'one batch too many',
    'while (this.#running < this.#maxInFlight &&',
    'while (this.#running <= this.#maxInFlight &&',
  ),
  mutant(
    'micro-batch.ts',
    'no limit of bytes',
    '&& bytes + item.bytes > maxBytes) break;',
    '&& bytes > maxBytes) break;',
  ),
  mutant(
    'micro-batch.ts',
    'cannot be flushed',
    'this.#core.admission.flushers.add(this);\n    this.#timer',
    'this.#timer',
  ),
  mutant('micro-batch.ts', 'stays a flusher', 'this.#core.admission.flushers.delete(this);', 'void 0;'),
  mutant(
    'micro-batch.ts',
    'no delay timer',
    'this.#timer ??= setTimeout(() => this.#expire(), this.#options.maxDelay);',
    '',
  ),
  mutant(
    'micro-batch.ts',
    'no timer for the rest',
    'if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#expire(), this.#options.maxDelay);\n    else',
    'if (this.#waiting.size === 0)',
  ),
  mutant('micro-batch.ts', 'forgets that it is due', 'this.#due = true;', ''),
  mutant('micro-batch.ts', 'waits though nothing can come', '&& this.#open > 0) return;', ') return;'),
  mutant(
    'micro-batch.ts',
    'does not run the next batch',
    '    this.#runWhatIsDue();\n    for (const input of inputs)',
    '    for (const input of inputs)',
  ),
  mutant(
    'micro-batch.ts',
    'does not check the number of results',
    'if (Array.isArray(results) && results.length === elements) return undefined;',
    'return undefined;',
  ),
  mutant(
    'micro-batch.ts',
    'is out of order',
    'if (item.result === undefined) break;',
    'if (item.result === undefined) item.result = { value: /** @type {any} */ (item.value) };',
  ),
  mutant(
    'micro-batch.ts',
    'releases before it emits',
    'this.#meter.emit(input.out, item.result.value);\n      this.#finish(item);',
    'this.#finish(item);\n      this.#meter.emit(input.out, item.result.value);',
  ),
  mutant(
    'micro-batch.ts',
    'releases twice',
    'if (this.#options.releaseFirst !== true) this.#release(item);',
    'this.#release(item);',
  ),
  mutant(
    'micro-batch.ts',
    'keeps what runs when its pipeline left',
    'failed !== undefined || item.input.stopped || releaseFirst === true',
    'failed !== undefined || releaseFirst === true',
  ),
  mutant(
    'micro-batch.ts',
    'keeps a failed batch',
    'failed !== undefined || item.input.stopped || releaseFirst === true',
    'item.input.stopped || releaseFirst === true',
  ),
  mutant(
    'micro-batch.ts',
    'runs elements of a pipeline that left',
    'this.#waiting.remove((each) => each.input === input)',
    'this.#waiting.remove(() => false)',
  ),
  mutant(
    'micro-batch.ts',
    'takes the elements of others out',
    'this.#waiting.remove((each) => each.input === input)',
    'this.#waiting.remove(() => true)',
  ),
  mutant('micro-batch.ts', 'completes too early', 'if (input.queue.size === 0) out.complete();', 'out.complete();'),
  mutant('micro-batch.ts', 'never completes', 'if (input.ended && input.queue.size === 0) input.out.complete();', ''),
  mutant('micro-batch.ts', 'a pipeline that left still counts as open', 'else this.#end(input);\n  }', '}'),
  // Holders.
  mutant('window.ts', 'does not hold', 'memoryPool.hold(instance, element, cost(element));', ''),
  mutant('window.ts', 'does not release', 'release(elements.slice(0, step));', ''),
  mutant('window.ts', 'drops what it gathered', 'if (fresh > 0) emit();', ''),
  mutant('window.ts', 'gives what it gave already', 'if (fresh > 0) emit();', 'if (gathered.length > 0) emit();'),
  mutant(
    'window.ts',
    'one element too many',
    'if (gathered.length === size) emit();',
    'if (gathered.length > size) emit();',
  ),
  mutant(
    'window.ts',
    'keeps all when the subscriber leaves',
    'gathered = [];\n        release(elements);',
    'gathered = [];',
  ),
  mutant('buffer.ts', 'does not release', 'release(elements);\n        }', '}'),
  mutant('buffer.ts', 'drops the rest', 'if (gathered.length > 0) emit();', ''),
  mutant(
    'buffer.ts',
    'keeps all when the subscriber leaves',
    'release(takeAll());\n        memoryPool.closeInstance(instance);',
    'memoryPool.closeInstance(instance);',
  ),
  mutant('zip.ts', 'does not release the left', 'memoryPool.release(instance, a, left.cost(a));', ''),
  mutant('zip.ts', 'does not release the right', 'memoryPool.release(instance, b, right.cost(b));', ''),
  mutant('zip.ts', 'keeps what waits', 'empty(left);', ''),
  mutant(
    'zip.ts',
    'does not complete after the last pair',
    'if (exhausted(left) || exhausted(right)) out.complete();',
    '',
  ),
  mutant('delay.ts', 'is not in flight', 'admission.begin();', ''),
  mutant('delay.ts', 'stays in flight', 'admission.end();', ''),
  mutant(
    'delay.ts',
    'does not release',
    'memoryPool.release(instance, value, cost(value));\n        }\n      };',
    '}\n      };',
  ),
  mutant(
    'delay.ts',
    'drops the rest at the end',
    'if (waiting.size === 0 && !giving) out.complete();',
    'out.complete();',
  ),
  mutant(
    'connect.ts',
    'errors of operators get lost',
    'output.error(error);\n      }\n    },\n    error',
    '}\n    },\n    error',
  ),
  mutant('connect.ts', 'the input stays subscribed', 'output.add(inner);', ''),
  mutant(
    'fifo.ts',
    'loses its place when it shrinks',
    'this.#items.splice(0, this.#head);\n      this.#head = 0;',
    'this.#items.splice(0, this.#head);',
  ),
  // Pool, meter, holders.
  mutant(
    'buffer-pool.ts',
    'keeps more than fits',
    'if (this.#idleBytes + this.#memoryPool.used + bytes > this.#memoryPool.budget) {',
    'if (false) {',
  ),
  mutant(
    'buffer-pool.ts',
    'is not trimmed',
    'if (this.#idleBytes + used <= this.#memoryPool.budget) return;',
    'return;',
  ),
  mutant('buffer-pool.ts', 'gives a buffer to two', 'this.#forget(buffer);\n      return new', 'return new'),
  mutant(
    'operator-meter.ts',
    'blocked before busy',
    'this.#busy > 0 ? BUSY : this.#blocked > 0 ? BLOCKED : STARVED',
    'this.#blocked > 0 ? BLOCKED : this.#busy > 0 ? BUSY : STARVED',
  ),
  mutant('operator-meter.ts', 'a transition is not stamped', 'this.#since = now;', ''),
  mutant(
    'operator-meter.ts',
    'handing over is not blocked time',
    'this.#busy--;\n    this.#blocked++;\n    this.#update();\n    this.#activity.end();',
    'this.#busy--;\n    this.#blocked++;\n    this.#activity.end();',
  ),
  mutant('operator-meter.ts', 'busy operators are not in flight', 'this.#activity.begin();', ''),
  mutant(
    'reservation.ts',
    'close keeps the bytes',
    'this.#core.memoryPool.drop(this.#instance, this.#instance.bytes);',
    '',
  ),
];

/**
 * @param {string} file
 * @param {string} what
 * @param {string} from
 * @param {string} to
 */
function mutant(file, what, from, to) {
  return { file, what, from, to };
}
