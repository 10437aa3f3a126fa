// Elements without a framework. Styles and behaviour never come as text: the page's policy forbids both.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
    for (const [key, value] of Object.entries(attributes ?? {})) {
        if (value === undefined || value === null || value === false) continue;
        if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
        else element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

export function html(tag, attributes, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
}

/// Sets the text only when it is another, so that nothing is laid out again for nothing.
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

export function setClass(element, name, on) {
    if (element.classList.contains(name) !== Boolean(on)) element.classList.toggle(name, Boolean(on));
}

export function byId(id) {
    return document.getElementById(id);
}
