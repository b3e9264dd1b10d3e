//! A layered layout of a graph: nodes in rows from the top, edges down through the rows and some back up.
//!
//! Cycles are broken by an order that few cases run against, rows follow from the longest way, crossings are made
//! fewer by sorting every row by its neighbours, and places by moving each row as near to its neighbours as the
//! distances within it allow.

use std::collections::BTreeMap;

/// What is laid out.
pub(super) struct Graph {
    /// Width and height of every node.
    pub(super) sizes: Vec<(f64, f64)>,
    /// From, to, and how much depends on it that the edge runs down. None twice, none from a node to itself.
    pub(super) edges: Vec<(usize, usize, u64)>,
}

/// Where everything stands, from the left and from the top.
pub(super) struct Layout {
    /// The middle of every node.
    pub(super) nodes: Vec<(f64, f64)>,
    /// The points every edge runs through, from its beginning to its end.
    pub(super) edges: Vec<Vec<(f64, f64)>>,
    /// How much room it takes.
    pub(super) size: (f64, f64),
}

/// Lays a graph out. The same graph is always laid out the same.
pub(super) fn of(graph: &Graph) -> Layout {
    let order = order(graph);
    let mut rows = Rows::of(graph, &order);
    rows.sort();
    let x = rows.places();
    rows.layout(graph, &x)
}

/// The place of every node in an order that as little as possible runs against (Eades, Lin and Smyth).
fn order(graph: &Graph) -> Vec<usize> {
    let count = graph.sizes.len();
    let mut left: Vec<usize> = (0..count).collect();
    let (mut front, mut back) = (Vec::new(), Vec::new());
    while !left.is_empty() {
        let weight = |of: usize, is_out: bool| -> u64 {
            let edges = graph.edges.iter().filter(|(from, to, _)| left.contains(from) && left.contains(to));
            edges.filter(|(from, to, _)| if is_out { *from == of } else { *to == of }).map(|(.., weight)| weight).sum()
        };
        let sink = left.iter().rposition(|node| weight(*node, true) == 0);
        let source = left.iter().position(|node| weight(*node, false) == 0);
        let surplus = |node: usize| i128::from(weight(node, true)) - i128::from(weight(node, false));
        // Of equals the first: the order of the file is a good guess.
        let most = (0..left.len()).rev().max_by_key(|place| surplus(left[*place]));
        match (source, sink, most) {
            (Some(place), ..) | (None, None, Some(place)) => front.push(left.remove(place)),
            (None, Some(place), _) => back.push(left.remove(place)),
            (None, None, None) => break,
        }
    }
    front.extend(back.into_iter().rev());
    let mut place = vec![0; count];
    front.into_iter().enumerate().for_each(|(at, node)| place[node] = at);
    place
}

/// Nodes and the bends of edges, row by row. Items below the number of nodes are nodes, the others bends.
struct Rows {
    rows: Vec<Vec<usize>>,
    /// The row of every item.
    row_of: Vec<usize>,
    widths: Vec<f64>,
    nodes: usize,
    /// For every edge the items it runs through, from top to bottom, and whether it runs up.
    chains: Vec<(Vec<usize>, bool)>,
    /// Neighbours in the row above and in the row below.
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

impl Rows {
    fn of(graph: &Graph, order: &[usize]) -> Self {
        let nodes = graph.sizes.len();
        let down: Vec<(usize, usize, bool)> = graph
            .edges
            .iter()
            .map(|(from, to, _)| if order[*from] < order[*to] { (*from, *to, false) } else { (*to, *from, true) })
            .collect();
        let mut row_of = vec![0; nodes];
        let mut by_order: Vec<usize> = (0..nodes).collect();
        by_order.sort_by_key(|node| order[*node]);
        for node in by_order {
            let above = down.iter().filter(|(_, to, _)| *to == node).map(|(from, ..)| row_of[*from] + 1);
            row_of[node] = above.max().unwrap_or(0);
        }
        let widths = graph.sizes.iter().map(|(width, _)| *width).collect();
        let last = row_of.iter().copied().max().unwrap_or(0);
        let mut rows = Rows {
            rows: vec![Vec::new(); last + 1],
            row_of,
            widths,
            nodes,
            chains: Vec::new(),
            above: vec![Vec::new(); nodes],
            below: vec![Vec::new(); nodes],
        };
        (0..nodes).for_each(|node| rows.rows[rows.row_of[node]].push(node));
        down.into_iter().for_each(|(from, to, runs_up)| rows.chain(from, to, runs_up));
        rows
    }

    fn chain(&mut self, from: usize, to: usize, runs_up: bool) {
        let mut chain = vec![from];
        for row in self.row_of[from] + 1..self.row_of[to] {
            let bend = self.row_of.len();
            self.row_of.push(row);
            self.widths.push(BEND);
            self.above.push(Vec::new());
            self.below.push(Vec::new());
            self.rows[row].push(bend);
            chain.push(bend);
        }
        chain.push(to);
        for pair in chain.windows(2) {
            self.below[pair[0]].push(pair[1]);
            self.above[pair[1]].push(pair[0]);
        }
        self.chains.push((chain, runs_up));
    }

    /// Sorts rows by the middle of their neighbours, down and up, and keeps the order with the fewest crossings.
    fn sort(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        for sweep in 0..SWEEPS {
            let is_down = sweep % 2 == 0;
            let count = self.rows.len();
            for step in 1..count {
                let row = if is_down { step } else { count - 1 - step };
                let place = self.place_in_rows();
                let neighbours = if is_down { &self.above } else { &self.below };
                let middle = |item: usize| {
                    let near = &neighbours[item];
                    let sum: usize = near.iter().map(|other| place[*other]).sum();
                    if near.is_empty() { place[item] as f64 } else { sum as f64 / near.len() as f64 }
                };
                let mut sorted: Vec<(f64, usize)> = self.rows[row].iter().map(|item| (middle(*item), *item)).collect();
                sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.rows[row] = sorted.into_iter().map(|(_, item)| item).collect();
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
        }
        self.rows = best.1;
    }

    fn place_in_rows(&self) -> Vec<usize> {
        let mut place = vec![0; self.row_of.len()];
        for row in &self.rows {
            row.iter().enumerate().for_each(|(at, item)| place[*item] = at);
        }
        place
    }

    fn crossings(&self) -> usize {
        let place = self.place_in_rows();
        let crossings = |row: &Vec<usize>| {
            let ends: Vec<(usize, usize)> =
                row.iter().flat_map(|item| self.below[*item].iter().map(|to| (place[*item], place[*to]))).collect();
            let cross = |(at, a): (usize, &(usize, usize))| {
                ends[at + 1..].iter().filter(|b| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1)).count()
            };
            ends.iter().enumerate().map(cross).sum::<usize>()
        };
        self.rows.iter().map(crossings).sum()
    }

    /// The middle of every item, from the left.
    fn places(&self) -> Vec<f64> {
        let mut x = vec![0.0; self.row_of.len()];
        for row in &self.rows {
            let mut at = 0.0;
            for item in row {
                x[*item] = at + self.widths[*item] / 2.0;
                at += self.widths[*item] + GAP;
            }
        }
        for sweep in 0..SWEEPS {
            let order: Vec<&Vec<usize>> =
                if sweep % 2 == 0 { self.rows.iter().collect() } else { self.rows.iter().rev().collect() };
            for row in order {
                let wanted: Vec<(f64, f64)> = row.iter().map(|item| self.wanted(*item, &x)).collect();
                let placed = self.as_near_as_possible(row, &wanted);
                row.iter().zip(placed).for_each(|(item, place)| x[*item] = place);
            }
        }
        let left = (0..x.len()).map(|item| x[item] - self.widths[item] / 2.0).fold(f64::INFINITY, f64::min);
        x.iter().map(|at| at - left).collect()
    }

    /// Where an item would best be, and how much that matters: a bend keeps its edge straight.
    fn wanted(&self, item: usize, x: &[f64]) -> (f64, f64) {
        let near = self.above[item].iter().chain(&self.below[item]);
        let weight = |other: usize| if item >= self.nodes && other >= self.nodes { 4.0 } else { 1.0 };
        let (sum, weights) =
            near.fold((0.0, 0.0), |(sum, all), other| (sum + x[*other] * weight(*other), all + weight(*other)));
        if weights > 0.0 { (sum / weights, weights) } else { (x[item], 0.1) }
    }

    /// Places in the order of a row, as far apart as they must be, and together nearest to where they would be.
    ///
    /// What must be apart is taken out first; then neighbours that stand in the wrong order share their mean.
    fn as_near_as_possible(&self, row: &[usize], wanted: &[(f64, f64)]) -> Vec<f64> {
        let mut offsets = Vec::with_capacity(row.len());
        let mut at = 0.0;
        for (place, item) in row.iter().enumerate() {
            if place > 0 {
                at += (self.widths[row[place - 1]] + self.widths[*item]) / 2.0 + GAP;
            }
            offsets.push(at);
        }
        // Mean, weight, and how many share them.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        for ((want, weight), offset) in wanted.iter().zip(&offsets) {
            blocks.push((want - offset, *weight, 1));
            while let [.., (first, a, n), (second, b, m)] = blocks[..]
                && first > second
            {
                blocks.truncate(blocks.len() - 2);
                blocks.push(((first * a + second * b) / (a + b), a + b, n + m));
            }
        }
        let means = blocks.into_iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean, count));
        means.zip(offsets).map(|(mean, offset)| mean + offset).collect()
    }

    fn layout(&self, graph: &Graph, x: &[f64]) -> Layout {
        let mut tops = Vec::new();
        let mut y = 0.0;
        for row in &self.rows {
            let height = row.iter().filter_map(|item| graph.sizes.get(*item)).map(|size| size.1).fold(0.0, f64::max);
            tops.push((y, height));
            // Many edges between two rows need room for their numbers.
            let edges = row.iter().map(|item| self.below[*item].len()).sum::<usize>();
            y += height + ROW_GAP + 4.0 * edges.min(12) as f64;
        }
        let middle = |item: usize| {
            let (top, height) = tops[self.row_of[item]];
            (x[item], top + height / 2.0)
        };
        let half = |item: usize| graph.sizes.get(item).map_or(tops[self.row_of[item]].1, |size| size.1) / 2.0;
        let ports = self.ports(x);
        let edges = self.chains.iter().enumerate().map(|(number, (chain, runs_up))| {
            let mut points = Vec::new();
            for (step, item) in chain.iter().enumerate() {
                let (at, y) = middle(*item);
                let at_port = |below: bool| at + ports.get(&(number, below)).copied().unwrap_or(0.0);
                if step == 0 {
                    points.push((at_port(true), y + half(*item)));
                } else if step == chain.len() - 1 {
                    points.push((at_port(false), y - half(*item)));
                } else {
                    points.extend([(at, y - half(*item)), (at, y + half(*item))]);
                }
            }
            if *runs_up {
                points.reverse();
            }
            points
        });
        let width = (0..x.len()).map(|item| x[item] + self.widths[item] / 2.0).fold(0.0, f64::max);
        let height = tops.last().map_or(0.0, |(top, height)| top + height);
        Layout { nodes: (0..self.nodes).map(middle).collect(), edges: edges.collect(), size: (width, height) }
    }

    /// How far from the middle of a node its edges begin (below it) and end (above it): in the order of where they
    /// come from, so that they do not cross there.
    fn ports(&self, x: &[f64]) -> BTreeMap<(usize, bool), f64> {
        let mut ports = BTreeMap::new();
        for node in 0..self.nodes {
            for below in [true, false] {
                let far = |(number, (chain, _)): (usize, &(Vec<usize>, bool))| {
                    let (own, next) =
                        if below { (chain[0], chain[1]) } else { (chain[chain.len() - 1], chain[chain.len() - 2]) };
                    (own == node).then_some((x[next], number))
                };
                let mut edges: Vec<(f64, usize)> = self.chains.iter().enumerate().filter_map(far).collect();
                edges.sort_by(|a, b| a.0.total_cmp(&b.0));
                let room = self.widths[node] * 0.7;
                let apart = if edges.len() > 1 { (room / (edges.len() - 1) as f64).min(26.0) } else { 0.0 };
                let first = -apart * (edges.len().saturating_sub(1)) as f64 / 2.0;
                for (place, (_, number)) in edges.into_iter().enumerate() {
                    ports.insert((number, below), first + apart * place as f64);
                }
            }
        }
        ports
    }
}

const SWEEPS: usize = 24;
/// Between things of a row.
const GAP: f64 = 28.0;
/// The room that an edge takes which runs through a row.
const BEND: f64 = 34.0;
const ROW_GAP: f64 = 52.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(count: usize, edges: &[(usize, usize, u64)]) -> Graph {
        Graph { sizes: vec![(100.0, 40.0); count], edges: edges.to_vec() }
    }

    #[test]
    fn what_most_cases_do_runs_down_and_what_few_do_runs_up() {
        let layout = of(&graph(4, &[(0, 1, 9), (1, 2, 9), (2, 1, 3), (2, 3, 6)]));
        let y: Vec<f64> = layout.nodes.iter().map(|node| node.1).collect();
        assert!(y.is_sorted() && y[0] < y[3], "{y:?}");
        let ends = |edge: usize| (layout.edges[edge][0].1, layout.edges[edge].last().unwrap().1);
        assert!(ends(1).0 < ends(1).1 && ends(2).0 > ends(2).1);
    }

    #[test]
    fn no_two_nodes_share_a_place_and_all_stand_inside() {
        // Whatever the graph: these follow from a few numbers.
        for seed in 1..60_u64 {
            let count = 3 + (seed % 17) as usize;
            let mut edges = BTreeMap::new();
            for step in 0..count as u64 * 3 {
                let mixed = (seed * 7_919 + step).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
                let (from, to) = ((mixed % count as u64) as usize, (mixed / 64 % count as u64) as usize);
                if from != to {
                    edges.insert((from, to), 1 + mixed % 50);
                }
            }
            let edges: Vec<_> = edges.into_iter().map(|((from, to), weight)| (from, to, weight)).collect();
            let layout = of(&graph(count, &edges));
            for (number, a) in layout.nodes.iter().enumerate() {
                assert!(a.0 >= 50.0 - 0.01 && a.0 <= layout.size.0 - 50.0 + 0.01, "{a:?}");
                for b in &layout.nodes[number + 1..] {
                    assert!((a.0 - b.0).abs() >= 99.9 || (a.1 - b.1).abs() >= 39.9, "{a:?} and {b:?}");
                }
            }
            for (points, (from, to, _)) in layout.edges.iter().zip(&edges) {
                let near = |point: (f64, f64), node: (f64, f64)| {
                    (point.0 - node.0).abs() <= 50.0 && ((point.1 - node.1).abs() - 20.0).abs() < 0.01
                };
                assert!(near(points[0], layout.nodes[*from]) && near(*points.last().unwrap(), layout.nodes[*to]));
            }
        }
    }

    #[test]
    fn nothing_is_laid_out_as_nothing() {
        assert_eq!(of(&graph(0, &[])).size, (0.0, 0.0));
        assert_eq!(of(&graph(1, &[])).nodes, [(50.0, 20.0)]);
    }
}
