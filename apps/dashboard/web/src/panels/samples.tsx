import { useState } from 'preact/hooks';
import type { EvaluationView, RunView } from '../../../src/view/run-view.js';
import { count, figure, percent } from '../../../src/view/words.js';

/** Held-out pictures with question, truth and answer at an evaluation, so that one sees it learn. */
export function Samples({ run, evaluations }: { run: RunView; evaluations: readonly EvaluationView[] }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const index = chosen === null ? evaluations.length - 1 : Math.min(chosen, evaluations.length - 1);
  const { row, loss, accuracy, samples } = evaluations[index] as EvaluationView;
  return (
    <section aria-labelledby="samples">
      <h2 id="samples">Held-out pictures after step {count(row + 1)}</h2>
      <p class="note">
        {loss !== null && <>Loss {figure(loss)}. </>}
        {accuracy !== null && <>Answered right: {percent(accuracy)}.</>}
      </p>
      {evaluations.length > 1 && (
        <label class="tools">
          Evaluation {index + 1} of {evaluations.length}
          <input
            type="range"
            min={0}
            max={evaluations.length - 1}
            value={index}
            onInput={(event) => setChosen(Number(event.currentTarget.value))}
          />
        </label>
      )}
      <ul class="samples">
        {samples.map(({ image, question, truth, answer }) => (
          <li class={answer === truth ? 'right' : 'wrong'} key={image + question}>
            <img
              src={`/api/runs/${encodeURIComponent(run.id)}/images/${encodeURIComponent(image)}`}
              alt=""
              loading="lazy"
            />
            <p>{question}</p>
            <p class="answer">{answer}</p>
            {answer !== truth && <p class="truth">truth: {truth}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
