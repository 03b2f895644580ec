/**
 * The letter that an answer chooses, upper case, as LLaVA's evaluation of ScienceQA finds it: the answer is a letter, begins with
 * `A.` or `A)`, or says `The answer is A`; null where none is found.
 */
export function chosenLetter(answer: string): string | null {
  const text = answer.trim();
  const found =
    /^\(?([A-Za-z])\)?[.):]?$/.exec(text) ??
    /^\(?([A-Z])[.):](?:\s|$)/.exec(text) ??
    /answer is:? \(?([A-Za-z])(?![A-Za-z])/i.exec(text);
  return found?.[1]?.toUpperCase() ?? null;
}
