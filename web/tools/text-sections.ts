import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import type { Plugin } from 'vite';

/**
 * All texts are in one file, but a view's texts should load with the view. At build time, `texts.photo` becomes an
 * import of only that section of the file. The development server and the tests use the file as it is.
 */
export function textSections(path = 'src/lib/texts.ts'): Plugin {
  const file = resolve(path);
  const query = '?section=';
  return {
    name: 'text-sections',
    apply: 'build',
    enforce: 'post',
    transform(code, id) {
      if (id.startsWith(file)) return null;
      const statement = /import\s*\{\s*texts\s*\}\s*from\s*["'][^"']*\/texts\.ts["'];?/.exec(code)?.[0];
      if (!statement) return null;
      const sections = new Set<string>();
      const body = code.replace(statement, '').replace(/(?<![\w$.])texts\.(\w+)/g, (_, name: string) => {
        sections.add(name);
        return `texts_${name}`;
      });
      // Somebody needs the whole object.
      if (/(?<![\w$."'/])texts(?![\w$_])/.test(body)) return null;
      const imports = [...sections].map((name) => `import { section as texts_${name} } from ${JSON.stringify(file + query + name)};`);
      return { code: imports.join('') + body, map: null };
    },
    load(id) {
      const [source, name] = id.split(query);
      if (source !== file || !name) return null;
      const text = readFileSync(file, 'utf8');
      this.addWatchFile(file);
      const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
      let rest = '';
      let section: string | undefined;
      for (const node of tree.statements) {
        const declared = ts.isVariableStatement(node) ? node.declarationList.declarations[0] : undefined;
        const value = declared?.initializer;
        if (declared?.name.getText(tree) === 'texts' && value && ts.isObjectLiteralExpression(value)) {
          const property = value.properties.find((other) => other.name?.getText(tree) === name);
          if (property && ts.isPropertyAssignment(property)) section = property.initializer.getText(tree);
        } else if (!ts.isTypeAliasDeclaration(node)) rest += `${node.getText(tree)}\n`;
      }
      if (section === undefined) throw new Error(`${path} has no section "${name}"`);
      return { code: `${rest}export const section = ${section};`, moduleType: 'ts' };
    },
  };
}
