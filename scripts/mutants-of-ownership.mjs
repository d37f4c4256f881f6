/**
 * Wrong versions of what holds memory, results and the engineer's own elements: in `file` of
 * src/operators the text `from`, which occurs once, becomes `to`.
 * @type {readonly { file: string, what: string, from: string, to: string }[]}
 */
export const OWNERSHIP_MUTANTS = [
  // Whose memory it is.
  mutant(
    'memory-owners.ts',
    'an earlier owner stays',
    'if (to - from === 1) all[from] = region;\n  else all.splice(from, to - from, region);',
    'all.splice(from, 0, region);',
  ),
  mutant(
    'memory-owners.ts',
    'a new owner takes the place of its neighbour',
    'else all.splice(from, to - from, region);',
    'else all.splice(from, 1, region);',
  ),
  mutant(
    'memory-owners.ts',
    'only the first slot of a view counts',
    'visit(region.owner);\n  }',
    'visit(region.owner);\n    return;\n  }',
  ),
  mutant(
    'memory-owners.ts',
    'the slot behind a view counts too',
    'if (region.start >= end) return;',
    'if (region.start > end) return;',
  ),
  mutant('memory-owners.ts', 'the slot before a view counts too', '.end > offset) high', '.end >= offset) high'),
  mutant('memory-owners.ts', 'a transferred buffer has no owner', '|| buffer.byteLength === 0)', ')'),
  mutant('memory-owners.ts', 'memory is never given up', 'all.splice(at, 1);', 'void 0;'),
  mutant(
    'payload.ts',
    'owned memory is not claimed',
    'this.ownMemory.push(view);\n      claimMemory(view, this);',
    'this.ownMemory.push(view);',
  ),
  mutant(
    'payload.ts',
    'memory is taken from whom it is held with',
    'owner.holds > 0) bases',
    'owner.holds > 99) bases',
  ),
  mutant('payload.ts', 'memory that was never held keeps its owner', 'owner.holds > 0) bases', '!owner.idle) bases'),
  mutant(
    'payload.ts',
    'memory that nobody reuses is refused',
    'else for (const view of this.ownMemory ?? []) disclaimMemory(view, this);',
    '',
  ),
  mutant(
    'measure.ts',
    'views are not looked up',
    'visitOwners(memory, (owner) => {',
    'void visitOwners;\n    ((/** @type {any} */ _visit) => {})((/** @type {any} */ owner) => {',
  ),
  mutant(
    'measure.ts',
    'a stale view is accepted',
    "if (stale !== undefined && (owners === 0 || ArrayBuffer.isView(memory))) throw recycled(stale, 'memory of ');",
    '',
  ),
  mutant(
    'measure.ts',
    'arrays are not looked into',
    'for (const member of value) this.at(member, depth + 1);\n    } else if (value instanceof Map)',
    '} else if (value instanceof Map)',
  ),
  mutant(
    'measure.ts',
    'maps are not looked into',
    'this.at(member, depth + 1);\n      }\n    } else if (value instanceof Set)',
    '}\n    } else if (value instanceof Set)',
  ),
  mutant(
    'measure.ts',
    'sets are not looked into',
    'for (const member of value) this.at(member, depth + 1);\n    } else if (!isSubscribable',
    '} else if (!isSubscribable',
  ),
  mutant('measure.ts', 'objects are not looked into', 'this.fields(value, depth + 1);', ''),
  mutant(
    'measure.ts',
    'a cycle is followed for ever',
    'if (this.#seen.has(value)) return false;',
    'if (this.#seen.has(value)) for (;;);',
  ),
  mutant('measure.ts', 'observables are looked into', '} else if (!isSubscribable(value)) {', '} else {'),
  mutant(
    'measure.ts',
    "a payload's own fields are not looked at",
    'if (payload.ownMemory !== undefined) return;',
    'return;',
  ),
  mutant(
    'measure.ts',
    'a small element counts its value only',
    'return PLACE + bytesOfPrimitive(value);',
    'return bytesOfPrimitive(value);',
  ),
  mutant(
    'measure.ts',
    'an object counts no record',
    'let bytes = PLACE + RECORD + survey.bytes;',
    'let bytes = survey.bytes;',
  ),
  mutant(
    'memory-pool.ts',
    'what an array has gained is not looked for',
    'const survey = surveyOf(value);\n    let hold = this.#holds.get(value);',
    'let hold = this.#holds.get(value);\n    const survey = hold === undefined ? surveyOf(value) : { bytes: 0, payloads: new Set() };',
  ),
  mutant(
    'memory-pool.ts',
    'what a payload rests on is not held',
    'for (const base of payload.restsOn ?? []) this.#holdPayload(scope, base, base.byteLength);',
    '',
  ),
  mutant(
    'memory-pool.ts',
    'what a payload rests on is not released',
    'for (const base of payload.restsOn ?? []) this.#releasePayload(base);',
    '',
  ),
  mutant(
    'memory-pool.ts',
    'a payload counts with the object and on its own',
    'for (const payload of payloads) own -= payload.byteLength;',
    '',
  ),
  mutant('buffer-pool.ts', 'memory that is given back can still be seen', 'renewed(buffer)', 'buffer'),
  mutant('buffer-pool.ts', 'a buffer may be given twice', 'this.#given.add(buffer);', ''),
  // Results.
  mutant(
    'map-async.ts',
    'waiting results are not held',
    'if (waits) this.#core.memoryPool.hold(this.#instance, value, bytes);\n    operation.result = { value, bytes };\n    operation.waits = waits;',
    'operation.result = { value, bytes };',
  ),
  mutant(
    'map-async.ts',
    'waiting results are not released',
    'if (operation.waits && result !== undefined)',
    'if (operation.waits && result === undefined)',
  ),
  mutant(
    'map-async.ts',
    'nothing is learnt from results',
    'this.#room.learn(this.#instance, value, this.#resultCost, operation.bytes);',
    '',
  ),
  mutant(
    'map-async.ts',
    'the estimate is not asked',
    'this.#room.expect(instance, options.resultEstimate ?? 0, 0);',
    '',
  ),
  mutant(
    'map-async.ts',
    'the room for a result is not given back',
    'this.#room.give(this.#instance, operation.promised);',
    '',
  ),
  mutant(
    'map-async.ts',
    'results that wait need no room',
    'if (!this.#room.take(this.#instance, promised)) return;',
    'this.#room.take(this.#instance, promised);',
  ),
  mutant(
    'map-async.ts',
    'larger results need no room',
    'let promised = Math.max(0, largest - next.bytes);',
    'let promised = 0;',
  ),
  mutant('map-async.ts', 'waits for room after it was left', 'this.#room.cancel();', ''),
  mutant(
    'map-async.ts',
    'does not start where room came later',
    '// And where there was no room, after it.\n    this.#startWhatMay();',
    '',
  ),
  mutant(
    'result-room.ts',
    'sources leave no room',
    'if (more > 0) this.#memoryPool.grow(',
    'if (more !== more) this.#memoryPool.grow(',
  ),
  mutant('result-room.ts', 'all room is left free', 'Math.min(more, Math.floor(this.#memoryPool.budget / 2))', 'more'),
  mutant(
    'result-room.ts',
    'waiting is in flight',
    'this.#waiter = undefined;\n        settle(refusal);\n        this.#admission.end();',
    'this.#waiter = undefined;\n        settle(refusal);',
  ),
  mutant('result-room.ts', 'an operation waits behind the sources', 'first: true,', ''),
  mutant(
    'memory-pool.ts',
    'what is held already counts as new',
    'if (value instanceof Payload) return value.holds > 0 ? 0 : bytes;',
    'if (value instanceof Payload) return bytes;',
  ),
  mutant(
    'micro-batch.ts',
    'waiting results are not held',
    'memoryPool.hold(input.instance, value, bytes);\n        item.waiting = bytes;',
    '',
  ),
  mutant(
    'micro-batch.ts',
    'waiting results are not released',
    'if (result !== undefined && waiting !== undefined)',
    'if (result === undefined && waiting !== undefined)',
  ),
  mutant(
    'micro-batch.ts',
    'the room for results is not given back',
    'this.#room.give(batch.instance, batch.promised);',
    '',
  ),
  mutant(
    'micro-batch.ts',
    'results need no room',
    'const more = Math.ceil(Math.max(0, this.#room.largest - element));',
    'const more = 0 * element;',
  ),
  mutant(
    'micro-batch.ts',
    'whoever stays does not get the room',
    'if (input.ended) this.#runWhatIsDue();\n    else',
    'if (!input.ended)',
  ),
  mutant(
    'micro-batch.ts',
    'no timeout',
    'if (this.#options.timeout !== undefined) {',
    'if (this.#options.timeout !== this.#options.timeout) {',
  ),
  mutant(
    'micro-batch.ts',
    'a batch that timed out blocks the others',
    'batch.late = true;\n    this.#running--;',
    'batch.late = true;',
  ),
  // Admission.
  mutant('memory-pool.ts', 'room for what a scope may bring is left for ever', 'this.headroom = 0;\n', ''),
  mutant(
    'memory-pool.ts',
    'one scope ends the room for all',
    'for (const { growth } of this.#growing) this.headroom = Math.max(this.headroom, growth);',
    '',
  ),
  mutant('memory-pool.ts', 'what scopes may come to want is not summed', 'this.wanted += scope.missing();', ''),
  mutant('memory-pool.ts', 'a scope that has nothing is still asked', '} else this.occupied.delete(scope);', '}'),
  mutant('admission.ts', 'a dear element is always let in', 'if (over > this.#maxOvercommit) return false;', ''),
  mutant(
    'admission.ts',
    'a dear element over the budget is not counted',
    'if (over > 0) this.overcommits++;\n    this.#reserve(scope, bytes);',
    'this.#reserve(scope, bytes);',
  ),
  mutant(
    'admission.ts',
    'the oldest is refused',
    'hopeless ?? this.waiters.findLast(',
    'hopeless ?? this.waiters.find(',
  ),
  mutant('admission.ts', 'who cannot continue alone is not told', 'return (hopeless ?? this', 'return (this'),
  mutant(
    'source.ts',
    'opens before it is admitted',
    'if (!this.#stopped && (await this.#admitted()) && !this.#stopped) {',
    'if (!this.#stopped) {',
  ),
  mutant(
    'source.ts',
    'a refused element is kept',
    'this.#settle(value, bytes);\n      memoryPool.release(this.#instance, value, bytes);\n      throw refusal;',
    'throw refusal;',
  ),
  // Partners, loops, own operators, meters.
  mutant(
    'outside-partner.ts',
    'a timer is not under way',
    'const underWay = this.#movesByItself && this.#waiting;',
    'const underWay = false;',
  ),
  mutant(
    'outside-partner.ts',
    'any partner is under way',
    'this.#movesByItself = moves && !watched.closed;',
    'this.#movesByItself = true;',
  ),
  mutant(
    'outside-partner.ts',
    'is under way though nothing waits',
    'this.#movesByItself && this.#waiting;',
    'this.#movesByItself;',
  ),
  mutant(
    'outside-partner.ts',
    'is under way after its end',
    'complete: () => {\n        this.end();',
    'complete: () => {',
  ),
  mutant(
    'outside-work.ts',
    'sources count as timers',
    'if (!INTERNAL.has(type)) started = true;',
    'started = type !== undefined;',
  ),
  mutant('buffer.ts', 'nothing waits for the partner', 'partner.waiting = true;', ''),
  mutant('zip.ts', 'is under way after it was left', 'partner.end();\n        empty', 'empty'),
  mutant(
    'delay.ts',
    'a loop sets a timer of its own',
    'if (timer === undefined && !giving) arm(due);',
    'if (timer === undefined) arm(due);',
  ),
  mutant(
    'delay.ts',
    'ends before an element that came back',
    'if (waiting.size === 0 && !giving) out.complete();',
    'if (waiting.size === 0) out.complete();',
  ),
  mutant('own-operator.ts', 'does not hold', 'this.#core.memoryPool.hold(this.#instance, element, bytes);', ''),
  mutant(
    'own-operator.ts',
    'releases at the first of two',
    'if (--kept.count === 0) this.#kept.delete(element);',
    'this.#kept.delete(element);',
  ),
  mutant(
    'own-operator.ts',
    'keeps all at the end',
    'this.#core.memoryPool.closeInstance(this.#instance);\n    this.#releaseAllWhenIdle();',
    'this.#core.memoryPool.closeInstance(this.#instance);',
  ),
  mutant('own-operator.ts', 'releases what work still reads', 'if (this.#calls > 0 || this.#spans > 0) return;', ''),
  mutant(
    'own-operator.ts',
    'what is given on may be stale',
    'this.#core.memoryPool.hold(this.#instance, value, 0);',
    'if (value === this) this.#core.memoryPool.hold(this.#instance, value, 0);',
  ),
  mutant('own-operator.ts', 'does not abort', 'this.#abort.abort();', ''),
  mutant('own-operator.ts', 'is not asked to let go', 'this.#core.admission.flushers.add(this);', ''),
  mutant(
    'own-operator.ts',
    'is believed to have let go',
    'return memoryPool.used < before || admission.inFlight > 0;',
    'return before > -1;',
  ),
  mutant(
    'own-operator.ts',
    'does not wait for its end',
    'if (!(ending instanceof Promise)) {',
    'if (ending !== null) {',
  ),
  mutant(
    'own-operator.ts',
    'the downstream counts as busy',
    'meter.handOver(this.#out, value);',
    'meter.leave();\n          meter.enter();\n          meter.emit(this.#out, value);\n          meter.leave();',
  ),
  mutant('core.ts', 'names are remembered for ever', 'this.meters.delete(first as string);', ''),
  mutant('core.ts', 'meters that somebody keeps are forgotten', 'if (this.#lasting.has(name)) return;', ''),
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
