export { drawRandom } from './random.ts';
export { isTypeid, newTypeid, timeOfTypeid, typeidOf } from './typeid.ts';
