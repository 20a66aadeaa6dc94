"""What keeps Tandem itself well: is it alive and ready, who hears of it when not, what was away for
a while and is told of, what an earlier run died of."""
