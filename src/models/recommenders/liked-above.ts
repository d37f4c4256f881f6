export { likedAboveOf } from '../../core/rating-scale.ts';
