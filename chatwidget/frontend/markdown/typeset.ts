/** Loads what makes MathML of a formula (../math/main.ts), once one occurs. */

type Typeset = (formula: HTMLElement) => void;
let loading: Promise<{ typeset: Typeset }> | undefined;

/** From an address of our own; without one, or where it cannot be loaded, a formula is its source. */
export const typesetter =
  (address: string | undefined): Typeset =>
  (formula) => {
    if (!address) return;
    loading ??= import(address);
    loading.then(
      ({ typeset }) => typeset(formula),
      () => {
        loading = undefined;
      },
    );
  };
