import { Observable, type OperatorFunction } from 'rxjs';
import { type RowTable, RowTableBuilder } from '../../io/dataset/row-table.ts';
import type { ParsedRowType } from '../../io/dataset/row-types.ts';
import { connect } from '../../operators/connect.ts';
import type { SubclipScope } from '../../operators/subclips.ts';

/**
 * Collects the rows of a table, and emits them together when the source completes. The memory that
 * they take until then is accounted for.
 */
export function collectRows(
  table: string,
  schema: ReadonlyMap<string, ParsedRowType>,
  { scope, operator }: { readonly scope: SubclipScope; readonly operator: string },
): OperatorFunction<unknown, RowTable> {
  return (source) =>
    new Observable<RowTable>((subscriber) => {
      const holder = scope.reservation(operator);
      subscriber.add(() => holder.free());
      const meter = scope.meter(operator);
      const rows = new RowTableBuilder(table, schema);
      let accounted = 0;
      const timed = <T>(work: () => T): T => {
        meter.enter();
        try {
          return work();
        } finally {
          meter.leave();
        }
      };
      connect(source, subscriber, {
        next: (row) => {
          meter.in += 1;
          timed(() => rows.push(row));
          holder.grow(rows.byteLength - accounted);
          accounted = rows.byteLength;
        },
        complete: () => {
          meter.emit(
            subscriber,
            timed(() => rows.finish()),
          );
          subscriber.complete();
        },
      });
    });
}
