"""Pure numerics: statistics, parabolas, surfaces. They know arrays, and nothing of frames."""
