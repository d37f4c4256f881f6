import { ModelError } from '../../core/errors.ts';
import { type Dimension, elementCount } from './emitter.ts';
import { seededUniform } from './initialisers.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import { rowsOf, type Variable } from './tape.ts';

/** Variables of at most this many elements are packed into one tensor. */
const maxPacked = 16_384;

/** A variable inside a state tensor. */
export interface StateMember {
  readonly name: string;
  readonly shape: readonly number[];
  /** Offset of the first element. */
  readonly offset: number;
  readonly length: number;
}

/**
 * A tensor that a training step reads and updates: one large variable, or many small ones
 * concatenated.
 */
export interface StateTensor {
  /** Name of the graph's input. */
  readonly input: string;
  readonly shape: readonly number[];
  readonly length: number;
  readonly members: readonly StateMember[];
  /** What the values are: the variables themselves, or what an optimiser keeps for each. */
  readonly kind: 'weight' | 'statistic' | 'slot';
  /** For a table outside the graph: the feed that names the rows that a run reads and updates. */
  readonly lookedUpBy?: string | undefined;
}

/** The shape of a state tensor in a graph. */
export function graphShape({ shape, lookedUpBy }: StateTensor): readonly Dimension[] {
  return lookedUpBy === undefined ? shape : [rowsOf(lookedUpBy), ...shape.slice(1)];
}

/** The values of all state tensors, in their order. */
export type StateValues = readonly Float32Array[];

/**
 * Variables that enter a graph as one tensor, with the tensors that the optimiser keeps for them.
 */
export interface StateGroup {
  readonly variables: readonly Variable[];
  readonly value: StateTensor;
  readonly slots: readonly StateTensor[];
}

function tensorOf(
  input: string,
  variables: readonly Variable[],
  kind: StateTensor['kind'],
  packed: boolean,
): StateTensor {
  let offset = 0;
  const members = variables.map(({ name, shape }) => {
    const length = elementCount(shape);
    offset += length;
    return { name, shape, offset: offset - length, length };
  });
  const shape = packed ? [offset] : (variables[0] as Variable).shape;
  const lookedUpBy = variables[0]?.lookedUpBy;
  return { input, shape, length: offset, members, kind, lookedUpBy };
}

/**
 * How variables are arranged in state tensors. Small ones are packed, because each input and output
 * of a run costs microseconds and the optimiser then needs one set of nodes for all of them. Large
 * ones are separate, so that nothing large is copied, and so are tables outside the graph.
 */
export function layOut(variables: readonly Variable[], optimiser: Optimiser): StateGroup[] {
  const groups: StateGroup[] = [];
  const addGroup = (name: string, members: readonly Variable[], kind: 'weight' | 'statistic', packed: boolean) => {
    if (members.length === 0) return;
    const slots = kind === 'weight' ? optimiser.slots : [];
    groups.push({
      variables: members,
      value: tensorOf(packed ? `packed/${name}` : (members[0] as Variable).tensor.name, members, kind, packed),
      slots: slots.map((slot) => tensorOf(`${slot}/${name}`, members, 'slot', packed)),
    });
  };
  const inside = variables.filter(({ lookedUpBy }) => lookedUpBy === undefined);
  const weights = inside.filter(({ kind }) => kind === 'weight');
  const isSmall = ({ shape }: Variable) => elementCount(shape) <= maxPacked;
  for (const variable of variables.filter((each) => !inside.includes(each))) {
    addGroup(variable.name, [variable], variable.kind, false);
  }
  for (const variable of weights.filter((each) => !isSmall(each))) addGroup(variable.name, [variable], 'weight', false);
  addGroup('weights', weights.filter(isSmall), 'weight', true);
  addGroup(
    'statistics',
    inside.filter(({ kind }) => kind === 'statistic'),
    'statistic',
    true,
  );
  return groups;
}

/** All state tensors of groups, in the order of a step's inputs and outputs. */
export function tensorsOf(groups: readonly StateGroup[]): StateTensor[] {
  return groups.flatMap(({ value, slots }) => [value, ...slots]);
}

/** Seeded initial values: those of the initialisers, and zeros for what the optimiser keeps. */
export function initialState(groups: readonly StateGroup[], seed: number): Float32Array[] {
  return groups.flatMap(({ variables, value, slots }) => {
    const values = new Float32Array(value.length);
    for (const [index, { name, shape, initialiser }] of variables.entries()) {
      values.set(initialiser(shape, seededUniform(seed, name)), value.members[index]?.offset);
    }
    return [values, ...slots.map(({ length }) => new Float32Array(length))];
  });
}

/** The variables in state values by name, as views, without what the optimiser keeps. */
export function namedVariables(tensors: readonly StateTensor[], values: StateValues): Map<string, Float32Array> {
  const named = new Map<string, Float32Array>();
  for (const [index, { members, kind }] of tensors.entries()) {
    if (kind === 'slot') continue;
    for (const { name, offset, length } of members)
      named.set(name, (values[index] as Float32Array).subarray(offset, offset + length));
  }
  return named;
}

/**
 * Overwrites the variables of these names in place.
 *
 * @throws ModelError `shape` if a name is unknown or its length differs.
 */
export function overwrite(
  tensors: readonly StateTensor[],
  values: StateValues,
  replacements: ReadonlyMap<string, Float32Array>,
): void {
  const named = namedVariables(tensors, values);
  for (const [name, replacement] of replacements) {
    const target = named.get(name);
    if (target === undefined) throw new ModelError('shape', `the module has no weights named '${name}'`);
    if (target.length !== replacement.length) {
      throw new ModelError(
        'shape',
        `weights '${name}' must have ${target.length} values, but has ${replacement.length}`,
      );
    }
    target.set(replacement);
  }
}
