package patch

// ThreeWayJSON is the JSON merge patch for current that carries out what modified says and removes what original said and modified
// does not. It is for kinds whose lists do not merge.
func ThreeWayJSON(original, modified, current map[string]any) map[string]any {
	out := nulls(DiffJSON(original, modified), true)
	return overlay(out, nulls(DiffJSON(current, modified), false))
}

// nulls keeps a merge patch's removals alone, or all but them.
func nulls(patch map[string]any, keep bool) map[string]any {
	out := map[string]any{}
	for k, v := range patch {
		m, isMap := v.(map[string]any)
		switch {
		case v == nil:
			if keep {
				out[k] = nil
			}
		case isMap && len(m) > 0:
			if below := nulls(m, keep); len(below) > 0 {
				out[k] = below
			}
		case !keep:
			out[k] = v
		}
	}
	return out
}

// overlay lays one patch over another.
func overlay(under, over map[string]any) map[string]any {
	for k, v := range over {
		below, haveMap := under[k].(map[string]any)
		m, isMap := v.(map[string]any)
		if haveMap && isMap {
			under[k] = overlay(below, m)
			continue
		}
		under[k] = v
	}
	return under
}
