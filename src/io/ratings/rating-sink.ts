import type { RatingScale } from '../../core/rating-scale.ts';
import { type BadLines, quoted } from './bad-lines.ts';
import { IdentifierIndex } from './identifiers.ts';
import { RatingColumns } from './rating-columns.ts';

const MAX_FLOAT32 = 3.4028234663852886e38;

/** Takes ratings from any kind of file, checks them and numbers their ids. */
export class RatingSink {
  readonly users = new IdentifierIndex();
  readonly items = new IdentifierIndex();
  readonly columns: RatingColumns;
  readonly timestamps: boolean;
  /** The name of the fourth column in messages. */
  readonly fourth: string;
  /** Whose ratings these are where the file has no column of users. */
  readonly onlyUser: string | undefined;
  readonly minimum: number;
  readonly maximum: number;

  constructor(options: {
    timestamps: boolean;
    scale: RatingScale | undefined;
    fourth?: string | undefined;
    onlyUser?: string | undefined;
  }) {
    this.onlyUser = options.onlyUser;
    this.columns = new RatingColumns(options.timestamps);
    this.timestamps = options.timestamps;
    this.fourth = options.fourth ?? 'timestamp';
    this.minimum = options.scale?.minimum ?? -MAX_FLOAT32;
    this.maximum = options.scale?.maximum ?? MAX_FLOAT32;
  }

  /**
   * Takes the texts of a rating; `time` is empty if there is none. Errors go to `bad`.
   */
  addTexts(user: string, item: string, value: number, time: number, line: number, bad: BadLines): void {
    if (user === '') bad.add(line, 'the user id is empty');
    else if (item === '') bad.add(line, 'the item id is empty');
    else this.columns.add(this.users.ofText(user), this.items.ofText(item), value, time, line);
  }

  /** Whether a rating is on the scale; NaN is not. */
  fits(value: number): boolean {
    return value >= this.minimum && value <= this.maximum;
  }

  /** Why a value of the fourth column is invalid. */
  notNumber(text: string): string {
    return `the ${this.fourth} ${quoted(text)} is not a number`;
  }

  /** Why a rating is invalid. */
  misfit(text: string, value: number): string {
    if (text.trim() === '') return 'the rating is empty';
    if (Number.isNaN(value)) return `the rating ${quoted(text)} is not a number`;
    return `the rating ${value} is outside the scale from ${this.minimum} to ${this.maximum}`;
  }
}
