/** SRV records, and the order in which their targets are tried. RFC 2782. */

/** One SRV record. */
export interface ServiceRecord {
  /** Lower numbers are tried first. */
  readonly priority: number;
  /** The chance among records of the same priority; 0 is hardly ever chosen while others have more. */
  readonly weight: number;
  readonly port: number;
  /** A name without final dot; empty (`.` in DNS) says that the service is not offered. */
  readonly target: string;
}

/** What a weight of 0 counts beside greater ones: RFC 2782 wants a very small chance, not none. */
const LEAST_WEIGHT = 0.01;

/**
 * The records in the order in which they are to be tried: by priority, and within one drawn by weight without putting
 * back, so that each is first with the chance that its share of all weights gives it.
 *
 * @param random - gives numbers from 0 to less than 1.
 */
export function orderServices(records: readonly ServiceRecord[], random: () => number): ServiceRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((wanted) =>
    drawn(
      records.filter(({ priority }) => priority === wanted),
      random,
    ),
  );
}

function drawn(records: readonly ServiceRecord[], random: () => number): ServiceRecord[] {
  const left = [...records];
  const order: ServiceRecord[] = [];
  while (left.length > 0) order.push(...left.splice(draw(left, random), 1));
  return order;
}

/** Index of the one that is drawn. */
function draw(records: readonly ServiceRecord[], random: () => number): number {
  let rest = random() * records.reduce((sum, record) => sum + chanceOf(record), 0);
  const at = records.findIndex((record) => {
    rest -= chanceOf(record);
    return rest < 0;
  });
  // Rounding may leave a little over behind the last one.
  return at < 0 ? records.length - 1 : at;
}

function chanceOf({ weight }: ServiceRecord): number {
  return weight === 0 ? LEAST_WEIGHT : weight;
}
