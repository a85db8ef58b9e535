import { Controller, Inject } from '@nestjs/common';
import Type from 'typebox';
import { Answer, type Call, Endpoint, endpoint } from '#platform/http/endpoint';
import { Problem } from '#platform/http/problem';
import { StrictObject } from '#platform/http/schemas';
import { type ServiceDefinition, SERVICES } from '#platform/service';
import { PAGE_HEADERS } from '../documents/page.ts';
import { problemList, problemPage } from './problem-page.ts';
import { type ProblemType, problemTypes } from './problems.ts';

const TAG = 'Documents';
const HTML = PAGE_HEADERS['content-type'];

const listProblems = endpoint({
  method: 'GET',
  path: '/problems',
  root: true,
  operation: 'listProblems',
  tag: TAG,
  summary: 'What the codes of problem documents mean',
  auth: 'public',
  answers: { 200: { description: 'A page for people.', schema: Type.String(), media: HTML } },
  problems: [],
});

const readProblem = endpoint({
  method: 'GET',
  path: '/problems/:code',
  root: true,
  operation: 'readProblem',
  tag: TAG,
  summary: 'What a problem means and what to do: the `type` of a problem document',
  auth: 'public',
  params: StrictObject({ code: Type.String({ pattern: '^[A-Z0-9_]{1,64}$' }) }),
  answers: { 200: { description: 'A page for people.', schema: Type.String(), media: HTML } },
  problems: [{ status: 404, code: 'NOT_FOUND' }],
});

@Controller()
export class ProblemsController {
  readonly #problems: ReadonlyMap<string, ProblemType>;

  constructor(@Inject(SERVICES) services: readonly ServiceDefinition[]) {
    this.#problems = problemTypes(services);
  }

  @Endpoint(listProblems)
  list(_call: Call<typeof listProblems>): Answer {
    return new Answer(200, problemList(this.#problems), PAGE_HEADERS);
  }

  @Endpoint(readProblem)
  read({ params: { code } }: Call<typeof readProblem>): Answer {
    const problem = this.#problems.get(code);
    if (problem === undefined) throw new Problem(404, 'NOT_FOUND', 'No answer carries this code.');
    return new Answer(200, problemPage(code, problem), PAGE_HEADERS);
  }
}
