export { drawRandom } from './random.ts';
export { newTypeid, timeOfTypeid, typeidOf } from './typeid.ts';
