/**
 * Wrong versions of computing equal elements once: in `file` of src/operators the text `from`,
 * which occurs once, becomes `to`.
 * @type {readonly { file: string, what: string, from: string, to: string }[]}
 */
export const DUPLICATE_MUTANTS = [
  mutant('recent-elements.ts', 'equal samples are enough', 'if (this.#digestOf(each) !== digest) continue;', ''),
  mutant('recent-elements.ts', 'samples are not asked', 'if (each.sample !== sample) continue;', ''),
  mutant(
    'recent-elements.ts',
    'an element met again stays the oldest',
    'this.#elements.push(each);\n      return',
    'this.#elements.unshift(each);\n      return',
  ),
  mutant(
    'recent-elements.ts',
    'an element met again is forgotten',
    'this.#elements.push(each);\n      return',
    'return',
  ),
  mutant(
    'recent-elements.ts',
    'nothing is forgotten',
    'if (this.#elements.length > this.#rules.recent) this.#elements.shift();',
    '',
  ),
  mutant(
    'recent-elements.ts',
    'one too many is remembered',
    'this.#elements.length > this.#rules.recent',
    'this.#elements.length > this.#rules.recent + 1',
  ),
  mutant(
    'recent-elements.ts',
    'the newest is forgotten',
    'this.#rules.recent) this.#elements.shift();',
    'this.#rules.recent) this.#elements.pop();',
  ),
  mutant('recent-elements.ts', 'no digest before it is let go', 'if (remembered) this.#digestOf(original);', ''),
  mutant(
    'recent-elements.ts',
    'a digest of all that is let go',
    'if (remembered) this.#digestOf(original);',
    'this.#digestOf(original);',
  ),
  mutant(
    'recent-elements.ts',
    'forgotten elements give no result',
    'if (remembered || original.isAwaited)',
    'if (remembered)',
  ),
  mutant(
    'recent-elements.ts',
    'remembered elements give a result only to those that wait',
    'if (remembered || original.isAwaited)',
    'if (original.isAwaited)',
  ),
  mutant('recent-elements.ts', 'all results are copied', 'if (remembered || original.isAwaited)', ''),
  mutant(
    'recent-elements.ts',
    'the result itself is remembered',
    '{ value: this.#rules.ownResult(value)(result) }',
    '{ value: result }',
  ),
  mutant('recent-elements.ts', 'the element stays reachable', 'original.value = undefined;', ''),
  mutant('recent-elements.ts', 'nothing is cleared', 'this.#elements = [];\n  }\n\n  #digestOf', '}\n\n  #digestOf'),
  mutant(
    'recent-elements.ts',
    'bytes of results that are not there yet',
    '.filter(({ result }) => result !== undefined).length',
    '.length',
  ),
  mutant(
    'input-duplicates.ts',
    'duplicates are not counted',
    'if (met.isDuplicate) meter.duplicates = (meter.duplicates ?? 0) + 1;',
    '',
  ),
  mutant('input-duplicates.ts', 'nobody awaits an original', 'original.isAwaited = true;', ''),
  mutant('input-duplicates.ts', 'any number waits unheld', 'this.#unheld++;', ''),
  mutant(
    'input-duplicates.ts',
    'those that waited still count',
    'if (held === undefined) this.#unheld--;\n    else this',
    'if (held !== undefined) this',
  ),
  mutant('input-duplicates.ts', 'one too many waits unheld', 'this.#unheld < (', 'this.#unheld <= ('),
  mutant(
    'input-duplicates.ts',
    'what waits in excess is not held',
    'this.#memoryPool.hold(this.#instance, value, bytes);',
    '',
  ),
  mutant(
    'input-duplicates.ts',
    'what waits in excess is not released',
    'else this.#memoryPool.release(this.#instance, held.value, held.bytes);',
    '',
  ),
  mutant(
    'input-duplicates.ts',
    'remembered results are not counted',
    'if (change > 0) this.#memoryPool.keep(this.#instance, change, true);\n    else if',
    'if',
  ),
  mutant(
    'input-duplicates.ts',
    'forgotten results are still counted',
    'else if (change < 0) this.#memoryPool.drop(this.#instance, -change);',
    '',
  ),
  mutant('input-duplicates.ts', 'forgets nothing', 'this.#recent.clear();', ''),
  mutant(
    'micro-batch.ts',
    'duplicates take a place in a batch too',
    'this.#drain(input);\n      return;',
    'this.#drain(input);',
  ),
  mutant('micro-batch.ts', 'duplicates wait for the next result', 'this.#drain(input);\n      return;', 'return;'),
  mutant('micro-batch.ts', 'duplicates are dropped', 'this.#meter.emit(input.out, result);', ''),
  mutant(
    'micro-batch.ts',
    'duplicates that have their result are still counted',
    'input.duplicates?.leave(item);\n        this.#meter',
    'this.#meter',
  ),
  mutant(
    'micro-batch.ts',
    'duplicates keep their bytes when the subscriber leaves',
    "if ('own' in item) input.duplicates?.leave(item);",
    "if ('own' in item) continue;",
  ),
  mutant('micro-batch.ts', 'remembered results outlive the pipeline', 'input.duplicates?.forget();', ''),
  mutant(
    'micro-batch.ts',
    'originals get no result',
    'if (original !== undefined) input.duplicates?.settle(original, item.value, value);',
    '',
  ),
  mutant(
    'micro-batch.ts',
    'the result is remembered after its element was let go',
    'if (original !== undefined) input.duplicates?.settle(original, item.value, value);',
    'if (original !== undefined) queueMicrotask(() => input.duplicates?.settle(original, item.value, value));',
  ),
  mutant(
    'micro-batch.ts',
    'results are remembered without being counted',
    'for (const input of inputs) this.#countKept(input.duplicates);',
    '',
  ),
  mutant('micro-batch.ts', 'remembered results are never given up', 'duplicates.forget();\n      this', 'this'),
  mutant('micro-batch.ts', 'does not say that it gave results up', 'return kept > 0;', 'return false;'),
  mutant(
    'micro-batch.ts',
    'cannot be asked to give results up',
    'if (change > 0) this.#core.admission.flushers.add(this);\n    else if',
    'if',
  ),
  mutant('micro-batch.ts', 'stays a flusher when all is forgotten', 'else if (change < 0) this.#retire();', ''),
  mutant(
    'micro-batch.ts',
    'is not a flusher while it remembers',
    'this.#waiting.size === 0 && this.#keptBytes === 0',
    'this.#waiting.size === 0',
  ),
  mutant(
    'element-fingerprint.ts',
    'reads only the first words',
    'WORD * Math.floor(((place + 0.5) * words) / places)',
    'WORD * place',
  ),
  mutant(
    'element-fingerprint.ts',
    'leaves the last bytes out',
    'for (let at = words * WORD;',
    'for (let at = memory.byteLength;',
  ),
  mutant(
    'element-fingerprint.ts',
    'takes the memory around a view',
    'new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)',
    'new Uint8Array(memory.buffer)',
  ),
  mutant('embed.ts', 'duplicates share one vector', 'vector.slice()', 'vector'),
  mutant(
    'embed.ts',
    'computes duplicates though told not to',
    "repeatedFrames === 'once' ? { duplicates",
    'repeatedFrames !== undefined ? { duplicates',
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
