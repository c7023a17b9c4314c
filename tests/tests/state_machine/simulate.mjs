// Runs a JSONata state machine on sample answers, as the Amazon States Language says, for tests: no time, no retries.
// stdin:  {"machine", "input", "context", "answers": {state: {"payload"} | {"token"} | {"error", "cause"}}}
// stdout: {"entered": [state…], "calls": [{"state", "payload"}…], "end": state, "output", "error"}
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const jsonata = createRequire(process.argv[2])('jsonata');
const { machine, input, context, answers } = JSON.parse(readFileSync(0, 'utf8'));
const entered = [];
const calls = [];

async function evaluate(template, states, variables) {
  if (typeof template === 'string') {
    const expression = /^\{%(.*)%\}$/s.exec(template);
    if (!expression) return template;
    const value = await jsonata(expression[1]).evaluate({}, { ...variables, states });
    if (value === undefined) throw new Error(`States.QueryEvaluationError: ${template} is undefined`);
    return JSON.parse(JSON.stringify(value));
  }
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template)) return Promise.all(template.map((part) => evaluate(part, states, variables)));
  const pairs = Object.entries(template).map(async ([key, part]) => [key, await evaluate(part, states, variables)]);
  return Object.fromEntries(await Promise.all(pairs));
}

async function region(definition, first, outer) {
  let [name, value, variables] = [definition.StartAt, first, { ...outer }];
  for (;;) {
    const state = definition.States[name];
    entered.push(name);
    const states = { input: value, context };
    const leave = async (from, known, fallback) => {
      const output = from.Output === undefined ? fallback : await evaluate(from.Output, known, variables);
      variables = { ...variables, ...(await evaluate(from.Assign ?? {}, known, variables)) };
      return output;
    };
    try {
      if (state.Type === 'Succeed') return { end: name, value };
      if (state.Type === 'Choice') {
        const rules = [];
        for (const rule of state.Choices) rules.push((await evaluate(rule.Condition, states, variables)) === true);
        name = state.Choices[rules.indexOf(true)]?.Next ?? state.Default;
        continue;
      }
      const result = await work(name, state, states, variables);
      value = await leave(state, { ...states, result }, result);
      if (state.End) return { end: name, value };
      name = state.Next;
    } catch (error) {
      const catcher = state.Catch?.find((each) => each.ErrorEquals.includes(error.Error));
      if (!catcher) throw error;
      value = await leave(catcher, { ...states, errorOutput: error }, error);
      name = catcher.Next;
    }
  }
}

async function work(name, state, states, variables) {
  if (state.Type === 'Pass') return states.input;
  if (state.Type === 'Parallel') {
    const results = [];
    for (const branch of state.Branches) results.push((await region(branch, states.input, variables)).value);
    return results;
  }
  const { Payload } = await evaluate(state.Arguments, states, variables);
  calls.push({ state: name, payload: Payload });
  const answer = answers[name];
  if (answer === undefined) throw new Error(`no answer was given for ${name}`);
  if (answer.error) throw { Error: answer.error, Cause: answer.cause ?? '' };
  return answer.token ?? { StatusCode: 200, Payload: answer.payload };
}

try {
  const { end, value } = await region(machine, input, {});
  console.log(JSON.stringify({ entered, calls, end, output: value, error: null }));
} catch (error) {
  if (error instanceof Error) throw error;
  console.log(JSON.stringify({ entered, calls, end: null, output: null, error: error.Error }));
}
