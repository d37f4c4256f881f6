import { type Observable, Subscriber } from 'rxjs';
import type { Admission } from './admission.ts';
import { startsWork } from './outside-work.ts';

/**
 * The other stream that an operator waits for. If it moves on its own, as a timer does, an operator
 * that holds something for it does not mean that the flow is stuck: it counts as under way until
 * the partner has ended.
 */
export class OutsidePartner {
  readonly #admission: Admission;
  #movesByItself = false;
  #waiting = false;
  #underWay = false;

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  /** Subscribes to it. What it emits during the subscription is no evidence of outside work. */
  connect<T>(partner: Observable<T>, subscriber: Subscriber<T>): void {
    const watched = new Subscriber<T>({
      next: (value) => subscriber.next(value),
      error: (error: unknown) => {
        this.end();
        subscriber.error(error);
      },
      complete: () => {
        this.end();
        subscriber.complete();
      },
    });
    subscriber.add(watched);
    const moves = startsWork(() => partner.subscribe(watched));
    this.#movesByItself = moves && !watched.closed;
    this.#update();
  }

  /** Whether the operator holds something that the partner will free. */
  set waiting(waiting: boolean) {
    this.#waiting = waiting;
    this.#update();
  }

  /** It will not emit any more, or nobody is listening. */
  end(): void {
    this.#movesByItself = false;
    this.#update();
  }

  #update(): void {
    const underWay = this.#movesByItself && this.#waiting;
    if (underWay === this.#underWay) return;
    this.#underWay = underWay;
    if (underWay) this.#admission.begin();
    else this.#admission.end();
  }
}
