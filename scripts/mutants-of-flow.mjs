/**
 * Wrong versions of flow control: in `file` of src/operators the text `from`, which occurs once,
 * becomes `to`.
 * @type {readonly { file: string, what: string, from: string, to: string }[]}
 */
export const FLOW_MUTANTS = [
  // What is counted.
  mutant('memory-pool.ts', 'a fan-out counts every hold', 'if (payload.holds++ > 0) return;', 'payload.holds++;'),
  mutant('memory-pool.ts', 'the first release frees the bytes', 'if (--payload.holds > 0) return;', '--payload.holds;'),
  mutant('memory-pool.ts', 'a payload never becomes idle', 'payload.retire();', 'payload.onIdle?.();'),
  mutant('memory-pool.ts', 'onIdle is not called', 'payload.retire();', 'payload.idle = true;'),
  mutant('memory-pool.ts', 'held bytes are not added', 'this.held += held;', 'this.held += Math.min(0, held);'),
  mutant('memory-pool.ts', 'held bytes are not removed', 'this.held += held;', 'this.held += Math.max(0, held);'),
  mutant('memory-pool.ts', "a scope's bytes are not added", 'scope.held += held;', 'scope.held += Math.min(0, held);'),
  mutant(
    'memory-pool.ts',
    "a scope's bytes are not removed",
    'scope.held += held;',
    'scope.held += Math.max(0, held);',
  ),
  mutant(
    'memory-pool.ts',
    'a promise is not counted',
    'this.reserved += reserved;',
    'this.reserved += Math.min(0, reserved);',
  ),
  mutant(
    'memory-pool.ts',
    'a promise is not taken back',
    'this.reserved += reserved;',
    'this.reserved += Math.max(0, reserved);',
  ),
  mutant('memory-pool.ts', 'settling keeps the promise', 'this.#shift(instance.scope, 0, -promised);', ''),
  mutant(
    'memory-pool.ts',
    "settling keeps the scope's promise",
    'scope.reserved += reserved;',
    'scope.reserved += Math.max(0, reserved);',
  ),
  mutant(
    'memory-pool.ts',
    'payloads inside an array are not held',
    'this.#holdPayload(scope, payload, payload.byteLength);\n      if (hold.count',
    'if (hold.count',
  ),
  mutant(
    'memory-pool.ts',
    'payloads inside an array are not released',
    'for (const payload of hold.payloads ?? []) this.#releasePayload(payload);',
    '',
  ),
  mutant('memory-pool.ts', 'a recycled payload is accepted', 'if (payload.idle) payload.assertLive(', 'void ('),
  mutant(
    'memory-pool.ts',
    'an instance is never forgotten',
    'if (instance.bytes === 0) this.#deleteInstance(instance);',
    '',
  ),
  mutant(
    'memory-pool.ts',
    'an instance in flight is never forgotten',
    'if (instance.bytes === 0 && instance.closed) this.#deleteInstance(instance);',
    '',
  ),
  mutant(
    'memory-pool.ts',
    'a scope is never forgotten',
    'if (scope.held === 0 && scope.reserved === 0) this.scopes.delete(scope);',
    '',
  ),
  mutant('memory-pool.ts', 'the allowance is not given back', 'scope.started = false;', ''),
  mutant('memory-pool.ts', 'the peak is not kept', 'if (used > this.peak) this.peak = used;', ''),
  mutant('memory-pool.ts', 'growth leaves no headroom', 'this.headroom = Math.max(this.headroom, bytes);', ''),
  // Who is admitted.
  mutant(
    'admission.ts',
    'a waiter is overtaken',
    'if (this.waiters.length > 0 || !this.#admissible(',
    'if (!this.#admissible(',
  ),
  mutant(
    'admission.ts',
    'the budget is not asked',
    'return free >= headroom && this.#safe(scope, all, free);',
    'return this.#safe(scope, all, free);',
  ),
  mutant(
    'admission.ts',
    'one byte too much is admitted',
    'return free >= headroom &&',
    'return free >= headroom - 1 &&',
  ),
  mutant('admission.ts', 'the last byte is never used', 'return free >= headroom &&', 'return free > headroom &&'),
  mutant('admission.ts', 'claims are not asked', '&& this.#safe(scope, all, free);', ';'),
  mutant(
    'admission.ts',
    'the banker asks the wrong way round',
    'if (each.missing > available) return false;',
    'if (each.missing < available) return false;',
  ),
  mutant('admission.ts', 'the banker gets nothing back', 'available += each.has;', ''),
  mutant('admission.ts', 'the banker serves the largest first', 'a.missing - b.missing', 'b.missing - a.missing'),
  mutant(
    'admission.ts',
    'youngest scope first',
    '.instance.scope.order > order) high = middle;',
    '.instance.scope.order < order) high = middle;',
  ),
  mutant(
    'admission.ts',
    'a release wakes nobody',
    'if (this.waiters.length > 0 && (memoryPool.used <= this.#low || this.inFlight === 0)) this.wake();',
    '',
  ),
  mutant('admission.ts', 'no low watermark', 'memoryPool.used <= this.#low', 'true'),
  mutant('admission.ts', 'parking is in flight', 'this.end();\n    this.wake();', 'this.wake();'),
  mutant('admission.ts', 'a standstill is not looked for', 'setImmediate(() => this.#breakStandstill());', ''),
  mutant('admission.ts', 'a standstill is not looked at again', 'if (this.inFlight > 0) return;', ''),
  mutant('admission.ts', 'no pressure flush', 'if (flusher.flush()) {', 'if (flusher !== flusher) {'),
  mutant(
    'admission.ts',
    'overcommit has no limit',
    'if (over > this.#maxOvercommit) this.#refuse(this.#minLoss());',
    'if (over !== over) this.#refuse(this.#minLoss());',
  ),
  mutant(
    'admission.ts',
    'overcommit ends one byte early',
    'if (over > this.#maxOvercommit) this.#refuse',
    'if (over >= this.#maxOvercommit) this.#refuse',
  ),
  mutant(
    'admission.ts',
    'overcommits are not counted',
    'if (over > 0) this.overcommits++;\n      this.#grant(0);',
    'this.#grant(0);',
  ),
  mutant('admission.ts', 'a grant is not in flight', 'this.begin();\n    this.#reserve(waiter', 'this.#reserve(waiter'),
  mutant(
    'admission.ts',
    'a cancelled waiter stays',
    'this.waiters.splice(this.waiters.indexOf(waiter), 1);\n    this.begin();\n    this.wake();',
    'this.begin();\n    this.wake();',
  ),
  mutant('admission.ts', 'nothing is set aside for holders', 'if (!scope.started) this.#memoryPool.start(scope);', ''),
  // Sources.
  mutant('source.ts', 'opens inside subscribe', 'queueMicrotask(() => this.#run());', 'this.#run();'),
  mutant(
    'source.ts',
    'open is not awaited',
    'toPullSource(await this.#open())',
    'toPullSource(/** @type {any} */ (this.#open()))',
  ),
  mutant('source.ts', 'a read is not awaited', 'isPromise(read) ? await read : read', '/** @type {any} */ (read)'),
  mutant('source.ts', 'close is not awaited', 'await reader?.close?.();', 'void reader?.close?.();'),
  mutant('source.ts', 'closes twice', 'this.#reader = undefined;\n', '\n'),
  mutant(
    'source.ts',
    'does not close at the end',
    'try {\n      await this.#closeReader();\n    } catch',
    'try {\n    } catch',
  ),
  mutant(
    'source.ts',
    'does not close when the subscriber leaves',
    'void this.#closeReader().catch((error) => this.#core.memoryPool.reportLate(error));',
    '',
  ),
  mutant(
    'source.ts',
    'swallows late errors of close',
    'void this.#closeReader().catch((error) => this.#core.memoryPool.reportLate(error));',
    'void this.#closeReader().catch(() => {});',
  ),
  mutant(
    'source.ts',
    'keeps the promise of a read that brought nothing',
    'if (this.#promised !== undefined) memoryPool.unreserve(this.#instance.scope, this.#promised);',
    '',
  ),
  mutant(
    'source.ts',
    'does not release',
    'memoryPool.release(this.#instance, value, bytes);\n      }\n      if (this.#stopped) return;\n      if (count',
    '}\n      if (this.#stopped) return;\n      if (count',
  ),
  mutant(
    'source.ts',
    'reads on after the subscriber left',
    '      if (this.#stopped) return;\n      if (count % 16',
    '      if (count % 16',
  ),
  mutant(
    'source.ts',
    'emits after the subscriber left',
    'if (this.#stopped) meter.leave();\n        else meter',
    'meter',
  ),
  mutant('source.ts', 'never yields', 'await new Promise<void>((resolve) => setImmediate(resolve));', ''),
  mutant('source.ts', 'does not learn from dear elements', 'this.#need = bytes;', ''),
  mutant(
    'source.ts',
    'does not wait for room',
    'return this.#room(this.#need);',
    'this.#core.memoryPool.reserve(this.#instance.scope, this.#need);',
  ),
  mutant('source.ts', 'stays in the queue when it leaves', 'this.#leaveQueue?.();', ''),
  mutant('source.ts', 'stays in flight', '    admission.end();\n  }', '  }'),
  mutant('source.ts', 'stays open', 'memoryPool.closeScope(this.#instance.scope);', ''),
  mutant('source.ts', 'returns iterators that ended', 'if (!finished) await iterator', 'await iterator'),
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
