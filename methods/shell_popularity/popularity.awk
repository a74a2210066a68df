# Ranks every held-out item by popularity in the training data. POSIX awk, from the folder of a split:
#   awk -f popularity.awk part=train train.csv part=items items.csv part=validation validation.csv part=test test.csv

BEGIN {
    FS = OFS = ","
    print "user", "part", "above_kept", "ties_kept", "above_removed", "ties_removed"
}

FNR == 1 { next } # the header

part == "train" {
    count[$2]++
    hold($1, $2)
    next
}

part == "items" {
    with_count[count[$1] + 0]++
    next
}

!sorted {
    for (c in with_count) if (c + 0 > most) most = c + 0
    for (c = most; c >= 0; c--) { above[c] = higher + 0; higher += with_count[c] }
    sorted = 1
}

{
    c = count[$2] + 0
    above_removed = above[c]
    ties = ties_removed = with_count[c] - 1
    n = split(history[$1], held, " ")
    for (i = 1; i <= n; i++) {
        if (held[i] == $2) continue # the target itself is never removed
        if (count[held[i]] > c) above_removed--
        if (count[held[i]] + 0 == c) ties_removed--
    }
    print $1, part, above[c], ties, above_removed, ties_removed
    if (part == "validation") hold($1, $2) # known when the test item is ranked
}

function hold(user, item) {
    if ((user, item) in seen) return
    seen[user, item] = 1
    history[user] = history[user] " " item
}
