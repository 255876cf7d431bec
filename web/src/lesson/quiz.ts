/** A question of a lesson: choices or a short answer, checked here, with its answer to reveal. */
import { h, rich } from "../dom.js";
import { icon } from "../icons.js";
import type { Quiz } from "../protocol.js";

export interface QuizState {
  answer: string[];
  correct: boolean;
  revealed: boolean;
}

export function quizBlock(quiz: Quiz, before: QuizState | undefined, changed: (state: QuizState) => void): HTMLElement {
  const one = (quiz.choices ?? []).filter((c) => c.correct).length === 1;
  const name = `quiz-${quiz.id}`;
  const inputs = (quiz.choices ?? []).map((_, i) => h("input", { type: one ? "radio" : "checkbox", name, value: String(i) }));
  const text = h("input", { type: "text", name, autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-label": "Your answer", placeholder: "Your answer" });
  const verdict = h("p", { class: "verdict", role: "status" });
  const explanation = h("div", { class: "explanation", hidden: true });
  explanation.append(rich(quiz.explanation));
  const check = h("button", { type: "submit", class: "primary" }, "Check answer");
  const reveal = h("button", { type: "button", class: "plain", "aria-expanded": "false", onclick: () => show({ answer: given(), correct: false, revealed: true }, true) }, "Reveal answer");
  const labels = (quiz.choices ?? []).map((c, i) => h("label", { class: "choice" }, inputs[i], rich(c.html, "span"), h("span", { class: "mark", "aria-hidden": "true" })));
  const legend = h("legend", {}, rich(quiz.question));

  const given = (): string[] => (quiz.choices ? inputs.filter((i) => i.checked).map((i) => i.value) : [text.value.trim()]);
  const right = (answer: string[]): boolean => {
    if (quiz.choices) return quiz.choices.every((c, i) => c.correct === answer.includes(String(i)));
    return (quiz.accept ?? []).some((a) => a.trim().toLowerCase() === (answer[0] ?? "").toLowerCase());
  };

  function show(state: QuizState, tell: boolean): void {
    const open = state.correct || state.revealed;
    form.dataset["state"] = state.correct ? "right" : state.revealed ? "revealed" : "wrong";
    explanation.hidden = !open;
    reveal.setAttribute("aria-expanded", String(open));
    reveal.hidden = open;
    for (const [i, label] of labels.entries()) {
      label.toggleAttribute("data-right", open && !!quiz.choices?.[i]?.correct);
      label.toggleAttribute("data-wrong", !quiz.choices?.[i]?.correct && state.answer.includes(String(i)));
    }
    verdict.replaceChildren(
      ...(state.correct
        ? [icon("check"), "Right."]
        : state.revealed
          ? [quiz.choices ? "The answer is marked." : `The answer: ${quiz.accept?.[0] ?? ""}`]
          : [icon("cross"), "Not quite. Try again, or reveal the answer."]),
    );
    if (tell) changed(state);
  }

  const form = h(
    "form",
    {
      class: "quiz",
      "data-quiz": quiz.id,
      onsubmit: (e: Event) => {
        e.preventDefault();
        const answer = given();
        if (!answer.length || answer[0] === "") {
          verdict.replaceChildren(quiz.choices ? "Choose an answer first." : "Write an answer first.");
          return;
        }
        show({ answer, correct: right(answer), revealed: false }, true);
      },
    },
    h("p", { class: "kind" }, "Question"),
    h("fieldset", {}, legend, ...(quiz.choices ? labels : [text])),
    h("div", { class: "row" }, check, reveal, verdict),
    explanation,
  );
  if (before) {
    for (const input of inputs) input.checked = before.answer.includes(input.value);
    text.value = quiz.choices ? "" : (before.answer[0] ?? "");
    show(before, false);
  }
  return form;
}
