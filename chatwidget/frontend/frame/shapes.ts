/** Checks of what JSON holds. A check is declared once: the type that it proves is the type. */

type Check<T> = (value: unknown) => value is T;
export type Checked<C> = C extends Check<infer T> ? T : never;
export type Fields = Record<string, Check<unknown>>;
/** The fields that may be absent. */
type Optional<F> = { [K in keyof F]: undefined extends Checked<F[K]> ? K : never }[keyof F];
export type Shape<F> = { [K in Exclude<keyof F, Optional<F>>]: Checked<F[K]> } & {
  [K in Optional<F>]?: Exclude<Checked<F[K]>, undefined>;
};

export const string = (value: unknown) => typeof value === "string";
export const number = (value: unknown) => typeof value === "number";
export const boolean = (value: unknown) => typeof value === "boolean";
export const count = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0;
export const anything = (_: unknown): _ is unknown => true;
/** Absent and null say the same. */
export const maybe =
  <T>(check: Check<T>) =>
  (value: unknown): value is T | null | undefined =>
    value == null || check(value);
export const list =
  <T>(check: Check<T>) =>
  (value: unknown): value is T[] =>
    Array.isArray(value) && value.every(check);
export const shape =
  <F extends Fields>(fields: F) =>
  (value: unknown): value is Shape<F> =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(fields).every(([name, check]) =>
      check((value as Record<string, unknown>)[name]),
    );

/** A frame of one of these types. */
export type FrameOf<K> = { [T in keyof K]: { type: T } & Shape<K[T]> }[keyof K];

/** The frame that `data` (what a websocket handed us) is, or null where it is none of these. */
export function parseFrame<K extends Record<string, Fields>>(
  kinds: K,
  data: unknown,
): FrameOf<K> | null {
  if (typeof data !== "string") return null;
  let frame: { type?: unknown } | null;
  try {
    frame = JSON.parse(data);
  } catch {
    return null;
  }
  const type = frame?.type as string;
  return Object.hasOwn(kinds, type) && shape(kinds[type]!)(frame) ? (frame as FrameOf<K>) : null;
}
